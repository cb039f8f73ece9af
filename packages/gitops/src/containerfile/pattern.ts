/** One step of a pattern: a character, `?` (any one) or `*` (any number). */
type Step = { readonly char: string } | 'any' | 'many';

/** A shell pattern: `*`, `?`, and the escape character before what is meant literally. */
export class Pattern {
  private readonly steps: readonly Step[];

  constructor(text: string, escape: string) {
    const steps: Step[] = [];
    for (let i = 0; i < text.length; i++) {
      const char = text[i]!;
      if (char === '*') {
        if (steps.at(-1) !== 'many') steps.push('many');
      } else if (char === '?') steps.push('any');
      else if (char === escape && i + 1 < text.length) steps.push({ char: text[++i]! });
      else steps.push({ char });
    }
    this.steps = steps;
  }

  /** `${value#pattern}`, `##` with `longest`. */
  withoutPrefix(value: string, longest: boolean): string {
    const end = matchAt(this.steps, value, 0, longest);
    return typeof end === 'number' ? value.slice(end) : value;
  }

  /** `${value%pattern}`, `%%` with `longest`. */
  withoutSuffix(value: string, longest: boolean): string {
    const reversed = value.split('').reverse().join('');
    const end = matchAt([...this.steps].reverse(), reversed, 0, longest);
    return typeof end === 'number' ? value.slice(0, value.length - end) : value;
  }

  /** `${value/pattern/replacement}`, `//` with `all`: the longest match, from the left. */
  replace(value: string, replacement: string, all: boolean): string {
    if (this.steps.length === 0) return value;
    let result = '';
    let start = 0;
    let kept = 0;
    while (start < value.length) {
      const end = matchAt(this.steps, value, start, true);
      if (end === 'never') break;
      if (end !== undefined && end > start) {
        result += value.slice(kept, start) + replacement;
        start = kept = end;
        if (!all) break;
      } else start++;
    }
    return result + value.slice(kept);
  }
}

/**
 * Where a match that begins at `start` ends; `undefined` if none does. `never`, if the value ended before the
 * pattern did: then no later start can match either, which keeps `replace` linear. Follows all ways through the pattern at once, so that no pattern
 * takes more than length × length.
 */
function matchAt(
  steps: readonly Step[],
  value: string,
  start: number,
  longest: boolean,
): number | 'never' | undefined {
  let states = closure(new Set([0]), steps);
  let end: number | undefined;
  for (let i = start; ; i++) {
    if (states.has(steps.length)) {
      end = i;
      if (!longest) return end;
    }
    if (states.size === 0) return end;
    if (i === value.length) return end ?? 'never';
    const next = new Set<number>();
    for (const state of states) {
      const step = steps[state];
      if (step === 'many') next.add(state);
      else if (step === 'any' || (step && step.char === value[i])) next.add(state + 1);
    }
    states = closure(next, steps);
  }
}

/** `*` may also stand for nothing. */
function closure(states: Set<number>, steps: readonly Step[]): Set<number> {
  for (const state of states) if (steps[state] === 'many') states.add(state + 1);
  return states;
}
