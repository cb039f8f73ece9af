import { DockerfileParser } from 'dockerfile-ast';
import fc from 'fast-check';
import { ContainerfileError } from './errors';
import type { Containerfile, Instruction } from './instructions';
import { parseContainerfile } from './parse';
import { planStages } from './stages';

const SAMPLE = String.raw`# syntax=docker/dockerfile:1
# escape=\
ARG VERSION=22 BASE="node:$VERSION-alpine"

FROM --platform=$BUILDPLATFORM $BASE AS build
# The sources
ENV PATH=/app/bin:$PATH NAME="a b" \
    # amid
    OTHER='c d'
ENV OLD style value
WORKDIR /app
COPY --chown=1000:1000 --link package.json package-lock.json ./
COPY --exclude=*.md --exclude=dist ["src dir", "/app/src"]
RUN --mount=type=cache,target=/root/.npm,sharing=locked --network=default \
    npm ci \
    && npm run build
RUN <<EOF
set -e
echo "hello" # $VERSION
EOF
COPY <<-"A" <<B /etc/
	one
A
two $NAME
B
ADD --checksum=sha256:abc https://example.com/x.tar.gz /tmp/
FROM scratch AS final
ARG TARGETOS
COPY --from=build /app/dist /app
COPY --from=0 /a /b
LABEL org.example.name="x" dependency.api="^1" "quoted key"=v\ w
EXPOSE 80 443/udp $PORT
VOLUME ["/data"]
USER 1000
STOPSIGNAL SIGTERM
SHELL ["/bin/sh", "-c"]
HEALTHCHECK --interval=1m30s --retries=3 CMD ["wget", "-q"]
ONBUILD COPY . /x
MAINTAINER Somebody
ENTRYPOINT ["/app"]
CMD echo "$HOME"
`;

/** Pieces that matter to the reader. */
const PIECES = [
  ...[
    '\n',
    '\r\n',
    '\\',
    '\\\n',
    '`',
    '"',
    "'",
    '$',
    '${',
    '}',
    '=',
    '<<',
    '<<E',
    '<<-"E"',
    '\nE\n',
    '#',
    '[',
    ']',
    ',',
  ],
  ...[
    ' ',
    '\t',
    '\u00a0',
    '\0',
    '\ufeff',
    '--',
    '--from=',
    '--mount=',
    '--x',
    'FROM ',
    'ARG ',
    'ONBUILD ',
    'AS ',
    ':-',
    ':?',
  ],
  ...[
    '# escape=`\n',
    '["a"]',
    '\ud800',
    'é',
    '/',
    '%%',
    '*',
    '0',
    '-1',
    'HEALTHCHECK ',
    '1h',
    'COPY ',
    '{"a":1}',
    '__proto__',
  ],
];

/** A small generator of numbers (mulberry32): the same run every time. */
function random(seed: number): (below: number) => number {
  return (below) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** Changes a text in a few places. */
function mutate(text: string, pick: (below: number) => number): string {
  for (let count = 1 + pick(4); count > 0; count--) {
    const at = pick(text.length + 1);
    const piece = PIECES[pick(PIECES.length)]!;
    const length = pick(3) === 0 ? pick(40) : pick(4);
    switch (pick(4)) {
      case 0:
        text = text.slice(0, at) + piece + text.slice(at);
        break;
      case 1:
        text = text.slice(0, at) + text.slice(at + length);
        break;
      case 2:
        text = text.slice(0, at) + piece + text.slice(at + length);
        break;
      default: {
        const from = pick(text.length + 1);
        text = text.slice(0, at) + text.slice(from, from + length) + text.slice(at);
      }
    }
  }
  return text;
}

/** The file, or the mistake in it; fails for anything else that is thrown. */
function parse(text: string): Containerfile | ContainerfileError {
  try {
    return parseContainerfile(text, 'f');
  } catch (error) {
    if (error instanceof ContainerfileError) return error;
    throw error;
  }
}

function instructionsOf(file: Containerfile): Instruction[] {
  return [...file.globals, ...file.stages.flatMap(({ from, instructions }) => [from, ...instructions])];
}

function checkLines(text: string, outcome: Containerfile | ContainerfileError): void {
  const last = text.split('\n').length;
  if (outcome instanceof ContainerfileError) {
    const { line } = outcome.place!;
    if (line !== undefined && (line < 1 || line > last)) throw new Error(`line ${line} of ${last}`);
    if (/[\r\n]/.test(outcome.message) || !outcome.remedy) throw new Error(`bad message: ${outcome.message}`);
    return;
  }
  let before = 0;
  for (const { line, endLine } of instructionsOf(outcome)) {
    if (line <= before || endLine < line || endLine > last)
      throw new Error(`lines ${line}-${endLine} of ${last}`);
    before = endLine;
  }
}

/** Everything but where it stands. */
function withoutPlaces(outcome: Containerfile | ContainerfileError): unknown {
  if (outcome instanceof ContainerfileError) return outcome.what;
  return JSON.parse(
    JSON.stringify(outcome, (key, value) => (/^(line|endLine)$/.test(key) ? undefined : value)),
  );
}

describe('whatever the text', () => {
  it('throws nothing but ContainerfileErrors, with lines that there are', () => {
    const piece = fc.oneof(
      fc.constantFrom(...PIECES),
      fc.string({ maxLength: 5 }),
      fc.constantFrom(...SAMPLE.split('\n')),
    );
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.array(piece).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, fc.boolean(), (some, below) => {
        const whole = below ? `FROM a\n${some}` : some;
        checkLines(whole, parse(whole));
      }),
      { numRuns: 3000 },
    );
  });

  it('20,000 mutations of a sample', () => {
    const pick = random(20);
    const start = performance.now();
    let [parsed, planned, slowest] = [0, 0, 0];
    const mistakes = new Map<string, number>();
    for (let i = 0; i < 20_000; i++) {
      const text = mutate(SAMPLE, pick);
      const began = performance.now();
      const outcome = parse(text);
      slowest = Math.max(slowest, performance.now() - began);
      checkLines(text, outcome);
      if (outcome instanceof ContainerfileError) {
        const kind = outcome.what.replace(/"[^]*"|[A-Z]{3,}|--\S+/g, '*');
        mistakes.set(kind, (mistakes.get(kind) ?? 0) + 1);
        continue;
      }
      parsed++;
      try {
        planStages(outcome, { platform: { os: 'linux', architecture: 'amd64' } });
        planned++;
      } catch (error) {
        if (!(error instanceof ContainerfileError)) throw error;
      }
    }
    const time = performance.now() - start;
    process.stdout.write(
      `fuzz: 20000 inputs in ${time.toFixed(0)} ms, slowest ${slowest.toFixed(1)} ms, ` +
        `${parsed} parsed, ${planned} planned, ${mistakes.size} kinds of mistakes\n`,
    );
    expect(parsed).toBeGreaterThan(2000);
    expect(mistakes.size).toBeGreaterThan(20);
  });

  // A quadratic reader takes minutes for these.
  it.each<[string, string]>([
    ['blanks', ' '.repeat(500_000)],
    ['blanks in an instruction', `RUN a${' '.repeat(500_000)}b`],
    ['blanks at the end', `RUN a${' \t'.repeat(250_000)}`],
    ['no-break spaces', `LABEL a${'\u00a0'.repeat(500_000)}b`],
    ['escapes', `RUN ${'\\'.repeat(500_000)}`],
    ['continuations', `RUN a${'\\\n'.repeat(250_000)}`],
    ['continued lines', `RUN a${' b \\\n'.repeat(100_000)}`],
    ['comments in a continuation', `RUN a \\\n${'# c\n'.repeat(100_000)}`],
    ['quotes', `LABEL a=${'"'.repeat(500_000)}`],
    ['brackets', `CMD ${'['.repeat(500_000)}`],
    ['nested JSON', `CMD ${'['.repeat(250_000)}${']'.repeat(250_000)}`],
    ['dollars', `RUN <<E ${'${'.repeat(250_000)}`],
    ['heredocs', `RUN ${'<<E '.repeat(50_000)}\n${'E\n'.repeat(50_000)}`],
    ['heredocs, tabs', `RUN <<-E\n${'\t'.repeat(500_000)}x\nE`],
    ['heredocs, open', 'RUN <<E\n'.repeat(50_000)],
    ['digits', `RUN <<${'1'.repeat(500_000)} ${'1'.repeat(500_000)}`],
    ['flags', `RUN ${'--mount=a '.repeat(50_000)}`],
    ['excludes', `COPY ${'--exclude=a '.repeat(50_000)} a b`],
    ['mount options', `RUN --mount=${'id=a,'.repeat(100_000)}id=b x`],
    ['durations', `HEALTHCHECK --timeout=${'1s'.repeat(20_000)} CMD a`],
    ['long digits in durations', `HEALTHCHECK --timeout=${'1'.repeat(500_000)} CMD a`],
    ['an unknown word', 'x'.repeat(500_000)],
    ['directives', `#${' '.repeat(500_000)}a`],
    ['arguments', `ARG ${'a '.repeat(100_000)}`],
  ])('takes linear time: %s', (_name, text) => {
    const start = performance.now();
    parse(text.startsWith('#') ? text : `FROM a\n${text}`);
    // What grows with the square of the input takes minutes.
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  it('reads CRLF as LF', () => {
    const pick = random(3);
    for (let i = 0; i < 1000; i++) {
      const text = mutate(SAMPLE.replace(/^(RUN|COPY) <<[^]*?^(EOF|B)$\n/gm, ''), pick).replace(/\r|<</g, '');
      expect(withoutPlaces(parse(text.replaceAll('\n', '\r\n')))).toEqual(withoutPlaces(parse(text)));
    }
  });

  it('reads what is continued as what is not', () => {
    const line = fc.constantFrom(
      ...SAMPLE.split('\n').filter((text) => /^[A-Z]+ /.test(text) && !/<<|\\$/.test(text)),
    );
    fc.assert(
      fc.property(line, fc.array(fc.nat(200), { maxLength: 5 }), fc.boolean(), (text, cuts, commented) => {
        const glue = commented ? '\\ \n  # amid\n\n' : '\\\n';
        let split = text;
        for (const at of cuts.sort((a, b) => b - a)) {
          const [head, tail] = [split.slice(0, at), split.slice(at)];
          if (/^\s*(#|\\\s*$|$)/.test(tail.split('\n')[0]!) || head.endsWith('\\') || head === '') continue;
          split = head + glue + tail;
        }
        expect(withoutPlaces(parse(`FROM a\n${split}`))).toEqual(withoutPlaces(parse(`FROM a\n${text}`)));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a second opinion: dockerfile-ast', () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9./_-]{0,8}$/);
  const words = (least: number) =>
    fc.array(word, { minLength: least, maxLength: 4 }).map((all) => all.join(' '));
  const pairs = fc
    .array(fc.tuple(word, word), { minLength: 1, maxLength: 3 })
    .map((all) => all.map(([name, value]) => `${name}="${value} c"`).join(' '));
  const instruction = fc.oneof(
    fc.tuple(
      fc.constantFrom('RUN', 'run', 'CMD', 'WORKDIR', 'USER', 'EXPOSE', 'STOPSIGNAL', 'VOLUME'),
      words(1),
    ),
    fc.tuple(fc.constantFrom('COPY', 'ADD', 'Copy'), words(2)),
    fc.tuple(
      fc.constant('COPY'),
      fc.tuple(word, words(2)).map(([from, rest]) => `--from=${from} ${rest}`),
    ),
    fc.tuple(fc.constantFrom('ENV', 'LABEL'), pairs),
    fc.tuple(
      fc.constant('ARG'),
      fc.tuple(word, word).map(([name, value]) => `${name}=${value}`),
    ),
  );
  const separator = fc.constantFrom(' ', '  ', '\t', ' \\\n  ', ' \\\n# amid\n ');
  const statement = fc
    .tuple(instruction, separator, separator, fc.constantFrom('', '\n', '# a comment\n', '  \n'))
    .map(([[keyword, args], first, second, after]) => {
      const amid = /=/.test(args) ? ' ' : second;
      return `${keyword}${first}${args.replace(' ', amid)}\n${after}`;
    });
  const stage = fc
    .tuple(word, fc.option(fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/)), fc.array(statement, { maxLength: 6 }))
    .map(([image, name, body]) => `FROM ${image}${name ? ` AS ${name}` : ''}\n${body.join('')}`);

  it('agrees', () => {
    fc.assert(
      fc.property(fc.array(stage, { minLength: 1, maxLength: 3 }), (stages) => {
        const text = stages.join('');
        const ours = parse(text);
        if (ours instanceof ContainerfileError) throw ours;
        const theirs = DockerfileParser.parse(text);
        expect(instructionsOf(ours).map(({ keyword, line, endLine }) => [keyword, line, endLine])).toEqual(
          theirs
            .getInstructions()
            .map((one) => [one.getKeyword(), one.getRange().start.line + 1, one.getRange().end.line + 1]),
        );
        expect(ours.stages.map(({ from }) => [from.image, from.stage ?? null])).toEqual(
          theirs.getFROMs().map((from) => [from.getImage(), from.getBuildStage()]),
        );
        const copies = instructionsOf(ours).filter((one) => one.keyword === 'COPY');
        expect(
          copies.map(({ from, sources, destination }) => [from ?? null, ...sources, destination]),
        ).toEqual(
          theirs
            .getCOPYs()
            .map((one) => [
              one.getFromFlag()?.getValue() ?? null,
              ...one.getArguments().map((argument) => argument.getValue()),
            ]),
        );
        const envs = instructionsOf(ours).flatMap((one) => (one.keyword === 'ENV' ? one.pairs : []));
        expect(envs.map(({ name, value }) => [name, value])).toEqual(
          theirs
            .getENVs()
            .flatMap((one) => one.getProperties().map((pair) => [pair.getName(), pair.getUnescapedValue()])),
        );
      }),
      { numRuns: 500 },
    );
  });
});
