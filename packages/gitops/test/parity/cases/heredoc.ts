import { onBase, onScratch, type ParityCase, whole } from './case';

const needs = 'heredoc';
const scratchPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Documents in the container file, which engines know since BuildKit 0.10 (syntax 1.4). */
export const heredocCases: ParityCase[] = [
  onScratch('heredoc: a file', ['COPY <<EOF /x', 'one', 'two', 'EOF'], {
    needs,
    documented: { x: { content: 'one\ntwo\n' } },
  }),
  onScratch(
    'heredoc: the name of the document',
    ['COPY <<one.txt <<two.txt /x/', '1', 'one.txt', '2', 'two.txt'],
    {
      needs,
      documented: { 'x/one.txt': { content: '1\n' }, 'x/two.txt': { content: '2\n' } },
    },
  ),
  onScratch(
    'heredoc: variables are expanded',
    ['ARG A=a', 'ENV B=b', 'COPY <<EOF /x', '$A ${B} ${C:-c} \\$A', 'EOF'],
    {
      needs,
      documented: { x: { content: 'a b c $A\n' } },
      documentedConfig: { Env: [scratchPath, 'B=b'] },
    },
  ),
  onScratch('heredoc: quoted, nothing is expanded', ['ARG A=a', 'COPY <<"EOF" /x', '$A ${B} \\$A', 'EOF'], {
    needs,
    documented: { x: { content: '$A ${B} \\$A\n' } },
  }),
  onScratch('heredoc: tabs are stripped', ['COPY <<-EOF /x', '\tone', '\t\ttwo', '  three', '\tEOF'], {
    needs,
    documented: { x: { content: 'one\ntwo\n  three\n' } },
  }),
  onScratch(
    'heredoc: instructions inside are text',
    ['COPY <<"EOF" /x', 'FROM scratch', '# comment', 'COPY a b \\', '', 'EOF'],
    {
      needs,
      documented: { x: { content: 'FROM scratch\n# comment\nCOPY a b \\\n\n' } },
    },
  ),
  onScratch('heredoc: with files', ['COPY a.txt <<b.txt /x/', 'b', 'b.txt'], {
    context: { 'a.txt': 'a\n' },
    needs,
    documented: { 'x/a.txt': { content: 'a\n' }, 'x/b.txt': { content: 'b\n' } },
  }),
  onScratch('heredoc: empty', ['COPY <<EOF /x', 'EOF'], { needs, documented: { x: { content: '' } } }),
  onScratch('heredoc: not ended', ['COPY <<EOF /x', 'text'], { needs, expectError: true }),
  onScratch('heredoc: ADD', ['ADD <<EOF /x/y', 'text', 'EOF'], {
    needs,
    documented: { 'x/y': { content: 'text\n' } },
  }),
  onBase('heredoc: --chown and --chmod', ['COPY --chown=app --chmod=755 <<EOF /x', '#!/bin/sh', 'EOF'], {
    needs,
    documented: { x: { content: '#!/bin/sh\n', mode: 0o755, uid: 1000, gid: 1001 } },
  }),
  whole(
    'heredoc: from a stage',
    ['FROM scratch AS a', 'COPY <<EOF /x', 'text', 'EOF', 'FROM scratch', 'COPY --from=a /x /y'],
    {
      needs,
      documented: { y: { content: 'text\n' } },
    },
  ),
];
