/** The first line of a new gitops.yaml: with it, editors with a YAML language server complete and check the file. */
export const HEADER = headerOf('gitops');

/** The first line of a new gitops.local.yaml. */
export const PERSONAL_HEADER = headerOf('gitops.local');

function headerOf(schema: string): string {
  return `# yaml-language-server: $schema=./node_modules/gitops/schemas/${schema}.schema.json\n`;
}
