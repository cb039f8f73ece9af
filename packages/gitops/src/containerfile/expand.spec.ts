import fc from 'fast-check';
import { ContainerfileError } from './errors';
import {
  UNKNOWN,
  expandHeredoc,
  expandPartially,
  expandWord,
  expandWords,
  staticPrefix,
  variablesIn,
  type Escape,
} from './expand';

const VALUES: Record<string, string> = {
  X: 'a/b/c.tar.gz',
  E: '',
  S: 'foobarbaz',
  P: '100 200',
  star: 'a*b?c\\d',
  dollar: '$X "q"',
  é: 'accent',
};
const lookup = (name: string) => (Object.hasOwn(VALUES, name) ? VALUES[name] : undefined);
const place = { file: 'Containerfile', line: 7 };
const expand = (word: string, escape: Escape = '\\') => expandWord(word, lookup, escape, place);

describe('expandWord', () => {
  // Those in the first block are what BuildKit (20.10) makes of `LABEL x=<word>`.
  it.each<[word: string, expanded: string]>([
    ['"${X:-d}"', 'a/b/c.tar.gz'],
    ['${E:-d}', 'd'],
    ['${X:+y}', 'y'],
    ['${E:+y}', ''],
    ["'${X}'", '${X}'],
    ['\\$X', '$X'],
    ['"\\$X"', '$X'],
    ['a\\\\b', 'a\\b'],
    ['"a\\\\b"', 'a\\b'],
    ["'a\\b'", 'a\\b'],
    ['"a\\b"', 'a\\b'],
    ['a\\b', 'ab'],
    ['$1', ''],
    ['$$', ''],
    ['$', '$'],
    ['a$', 'a$'],
    ['$-x', 'x'],
    ['$@', ''],
    ['$12x', 'x'],
    ['${1}', ''],
    ['${-}', ''],
    ['${U:-"a b"}', 'a b'],
    ["${U:-'$X'}", '$X'],
    ['${U:-$X}', 'a/b/c.tar.gz'],
    ['${U:-${E:-deep}}', 'deep'],
    ['$X.y', 'a/b/c.tar.gz.y'],
    ['${X}y', 'a/b/c.tar.gzy'],
    ['$Xy', ''],
    ['$X/y', 'a/b/c.tar.gz/y'],
    ['"a\'b"', "a'b"],
    ["'a\"b'", 'a"b'],
    ['$X$X', 'a/b/c.tar.gza/b/c.tar.gz'],
    ['a\\$', 'a$'],
    ['"\\q"', '\\q'],
    ['${U:-a\\}b}', 'a}b'],
    ['${U:-"}"}', '}'],
    ['$\\{X}', '${X}'],
    ['"$"', '$'],
    ['"a$ b"', 'a$ b'],
    ["$'x'", '$x'],
    ['"${U:-"q"}"', 'q'],
    ['"${U:-\'s\'}"', 's'],
    ['a""', 'a'],
    ['""b', 'b'],
    ['\'b\'c"d"', 'bcd'],
    ['${U:-\\}}b', '}b'],
    ['a\\', 'a'],
    ['$(a)', '$(a)'],
    ['`a`', '`a`'],
    // From here on: the Dockerfile reference.
    ['${E-d}', ''],
    ['${U-d}', 'd'],
    ['${E+y}', 'y'],
    ['${U+y}', ''],
    ['${X:?no}', 'a/b/c.tar.gz'],
    ['${E?no}', ''],
    ['$é', 'accent'],
    ['${S#f*b}', 'arbaz'],
    ['${S##f*b}', 'az'],
    ['${S%b*}', 'foobar'],
    ['${S%%b*}', 'foo'],
    ['${S/ba/fo}', 'fooforbaz'],
    ['${S//ba/fo}', 'fooforfoz'],
    ['${S/b?/}', 'foorbaz'],
    ['${S//[ao]/x}', 'foobarbaz'],
    ['${S/o*b/-}', 'f-az'],
    ['${S//*/x}', 'x'],
    ['${S///x}', 'foobarbaz'],
    ['${S//nope/x}', 'foobarbaz'],
    ['${S/ba/$E-$$}', 'foo-rbaz'],
    ['${S#nope}', 'foobarbaz'],
    ['${S%}', 'foobarbaz'],
    ['${U#x}', ''],
    ['${U/a/b}', ''],
    ['${X##*/}', 'c.tar.gz'],
    ['${X%/*}', 'a/b'],
    ['${X%%.*}', 'a/b/c'],
    ['${X//\\//-}', 'a-b-c.tar.gz'],
    ['${X/\\//$}', 'a$b/c.tar.gz'],
    ['${star#a\\*}', 'b?c\\d'],
    ['${star/\\?/!}', 'a*b!c\\d'],
    ['${star/\\\\/!}', 'a*b?c!d'],
    ['${S#${U:-f}}', 'oobarbaz'],
    ['$dollar', '$X "q"'],
    ['', ''],
  ])('%s', (word, expanded) => {
    expect(expand(word)).toBe(expanded);
  });

  it.each<[word: string, expanded: string]>([
    ['`$X', '$X'],
    ['\\$E', '\\'],
    ['"a`"b\\n"', 'a"b\\n'],
    ['c:\\a', 'c:\\a'],
    ['``', '`'],
    ['${star#a`*}', 'b?c\\d'],
  ])('with a backtick as escape: %s', (word, expanded) => {
    expect(expand(word, '`')).toBe(expanded);
  });

  it.each<[word: string, message: string]>([
    ['${', '"${" lacks "}"; close'],
    ['${}', '"${}" has no name in "${...}"; '],
    ['${:x}', '"${:x}" has no name'],
    ['${X', '"${X" lacks "}"'],
    ['${X:', '"${X:" lacks "}"'],
    ['${X:-a', '"${X:-a" lacks "}"'],
    ['${X/a', '"${X/a" lacks '],
    ['${X/a/b', '"${X/a/b" lacks "}"'],
    ['${X^}', '"${X^}" has no modifier "^"; use one of'],
    ['${X:a}', '"${X:a}" has no modifier ":a"'],
    ['${X:}', '"${X:}" has no modifier ":}"'],
    ['${X@}', '"${X@}" has no modifier "@"'],
    ['${ X}', '"${ X}" has no modifier " "'],
    ['${1x}', '"${1x}" has no modifier "x"'],
    ['"${X"', '""${X"" has no modifier'],
    ['${X:-"}', '"${X:-"}" lacks a closing double quote'],
    ['$X"', '"$X"" lacks a closing double quote'],
    ["a'b", '"a\'b" lacks a closing single quote'],
    ['"\\"', '""\\"" lacks a closing double quote'],
    ['${U:?}', '"U" is not set or empty; give it a value with ARG'],
    ['${E:?msg here}', '"E" is not set or empty: msg here; '],
    ['${U?}', '"U" is not set; '],
    ['${X:-${U:?no}}', '"U" is not set or empty: no; '],
    ['${U:-'.repeat(100), `"${'${U:-'.repeat(12).slice(0, 57)}..." nests "\${" too deeply`],
    [`\${X#${'a'.repeat(300)}}`, `the pattern "${'a'.repeat(57)}..." is longer than 256 characters`],
  ])('refuses %s', (word, message) => {
    expect(() => expand(word)).toThrow(ContainerfileError);
    expect(() => expand(word)).toThrow(`Containerfile:7: ${message}`);
  });

  it('refuses to fill the memory', () => {
    let value = 'x'.repeat(1000);
    expect(() => {
      for (let i = 0; i < 40; i++) value = expandWord('$a$a', () => value, '\\', place);
    }).toThrow('a word expands to more than 1 MiB');
  });

  it('takes no more than linear time for patterns', () => {
    const long = 'a'.repeat(200_000);
    const start = performance.now();
    for (const word of ['${v//a*b/x}', '${v//*a*a*a*b/x}', '${v%%*b*a}', '${v##*a*?*b}', '${v//a?a?b/x}']) {
      expect(expandWord(word, () => long, '\\', place)).toBe(long);
    }
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  it('leaves a word without "$", quotes and escapes as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const word = text.replace(/[$'"\\]/g, '');
        expect(expand(word)).toBe(word);
      }),
    );
  });

  it('throws nothing but ContainerfileErrors', () => {
    const word = fc.array(fc.constantFrom(...'$${{}}:-+?#%/\\`\'"aXU *é'.split(''), '${X:-', '${X/'), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(word, fc.constantFrom<Escape>('\\', '`'), (parts, escape) => {
        try {
          expand(parts.join(''), escape);
        } catch (error) {
          expect(error).toBeInstanceOf(ContainerfileError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('expandWords', () => {
  it.each<[word: string, words: string[]]>([
    ['80', ['80']],
    ['$P', ['100', '200']],
    ['8${P}9', ['8100', '2009']],
    ['"$P"', ['100 200']],
    ['"81"', ['81']],
    ["''", []],
    ['$U', []],
    ['a\\ b', ['a b']],
    ['${U:-"1 2"}', ['1', '2']],
  ])('%s', (word, words) => {
    expect(expandWords(word, lookup, '\\', place)).toEqual(words);
  });
});

describe('expandHeredoc', () => {
  it.each<[content: string, expanded: string]>([
    ['"$X" \'$X\'\n', '"a/b/c.tar.gz" \'a/b/c.tar.gz\'\n'],
    ['\\$X\n', '$X\n'],
    ['\\\n', '\n'],
    ['\\\\\n', '\\\n'],
    ['it\'s ${U:-a "b"}', 'it\'s a "b"'],
  ])('%j', (content, expanded) => {
    expect(expandHeredoc(content, lookup, place)).toBe(expanded);
  });
});

describe('expandPartially', () => {
  it.each<[word: string, text: string, unknown: string | undefined, prefix: string]>([
    ['a/$X', 'a/a/b/c.tar.gz', undefined, 'a/a/b/c.tar.gz'],
    ['a/b$N/c', 'a/b', 'N', 'a/'],
    ['$N', '', 'N', ''],
    ['"a/b/"${N:-x}$M', 'a/b/', 'N', 'a/b/'],
    ['${X:-$N}', 'a/b/c.tar.gz', undefined, 'a/b/c.tar.gz'],
    ['${U:-d/$N}', 'd/', 'N', 'd/'],
    ['${U:+$N}', '', undefined, ''],
    ['a/${N:?no}', 'a/', 'N', 'a/'],
    ['${X#$N}', '', 'N', ''],
    ['${X/a/$N}', '', 'N', ''],
    ['${X/$N/a}', '', 'N', ''],
    ['${N/a/b}', '', 'N', ''],
    ["'$N'", '$N', undefined, '$N'],
  ])('%s', (word, text, unknown, prefix) => {
    const expansion = expandPartially(
      word,
      (name) => (name === 'N' || name === 'M' ? UNKNOWN : lookup(name)),
      '\\',
      place,
    );
    expect(expansion).toEqual(unknown === undefined ? { text } : { text, unknown });
    expect(staticPrefix(expansion)).toBe(prefix);
  });
});

describe('variablesIn', () => {
  it.each<[word: string, names: string[]]>([
    ['a', []],
    ['$a${b}"$c"$a', ['a', 'b', 'c']],
    ["'$a'\\$b", []],
    ['${a:-${b:+$c}}', ['a', 'b', 'c']],
    ['${a/$b/$c}', ['a', 'b', 'c']],
    ['$a${', []],
  ])('%s', (word, names) => {
    expect(variablesIn(word, '\\')).toEqual(names);
  });
});
