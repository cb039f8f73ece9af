import { createInterface } from 'node:readline/promises';

/** Who is asked. */
export type Asked = Pick<NodeJS.Process, 'stdin' | 'stdout' | 'env'>;

/**
 * Asks for one of the choices, until it is one. A schema's prompt can do that only where the choices are always the
 * same.
 * @returns undefined where there is nobody to ask
 */
export async function ask(
  question: string,
  choices: readonly string[],
  { stdin: input, stdout: output, env }: Asked = process,
): Promise<string | undefined> {
  if (env['NX_INTERACTIVE'] === 'false' || env['CI'] || !input.isTTY || !output.isTTY) return undefined;
  const completer = (line: string): [string[], string] => [
    choices.filter((choice) => choice.startsWith(line)),
    line,
  ];
  const terminal = createInterface({ input, output, completer });
  try {
    for (;;) {
      const answer = (await terminal.question(`${question} (${choices.join(', ')}) `)).trim();
      if (choices.includes(answer)) return answer;
    }
  } finally {
    terminal.close();
  }
}
