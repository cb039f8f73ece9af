import type { Tree } from '@nx/devkit';
import { FILES, HEADERS } from '../../workspace/settings-files';

/** Writes the comment that names the schema above gitops.yaml, where the file is there and names none. */
export default function addSchemaComment(tree: Tree): void {
  const text = tree.read(FILES.shared, 'utf8');
  if (text === null || /^\uFEFF?#\s*yaml-language-server:/m.test(text)) return;
  const [, mark = '', rest = ''] = /^(\uFEFF?)(.*)$/s.exec(text)!;
  const header = text.includes('\r\n') ? HEADERS.shared.replace('\n', '\r\n') : HEADERS.shared;
  tree.write(FILES.shared, `${mark}${header}${rest}`);
}
