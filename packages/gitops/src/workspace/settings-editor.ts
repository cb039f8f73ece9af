import {
  FILES,
  HEADERS,
  type SettingsFiles,
  type SettingsTexts,
  type Which,
  readFiles,
} from './settings-files';
import { type Edit, editYaml } from './yaml-edits';

/** The texts of gitops.yaml and gitops.local.yaml, to be edited. Both are as they should be, before and after. */
export class SettingsEditor {
  readonly files: SettingsFiles;

  /**
   * @param defaults the rings where no file lists any
   * @throws GitopsError with file, line and column, where a text is not as it should be
   */
  constructor(
    readonly texts: SettingsTexts,
    private readonly defaults: readonly string[],
  ) {
    this.files = readFiles(texts, defaults);
  }

  /**
   * Touches nothing but what is edited: comments, order and blanks stay. A file that is missing is made.
   * @returns an editor of the texts as they are after it
   * @throws GitopsError where a text would not be as it should be, or cannot be edited as it is written
   */
  edited(edits: { readonly [which in Which]?: readonly Edit[] }): SettingsEditor {
    const edit = (which: Which): SettingsTexts => {
      const [before, wanted = []] = [this.texts[which], edits[which]];
      if (wanted.length === 0) return before === undefined ? {} : { [which]: before };
      return { [which]: editYaml(before ?? HEADERS[which], FILES[which], wanted) };
    };
    return new SettingsEditor({ ...edit('shared'), ...edit('personal') }, this.defaults);
  }
}
