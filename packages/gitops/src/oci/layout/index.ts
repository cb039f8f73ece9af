export { Layout, createLayout, openLayout } from './layout';
export { LayoutTree } from './tree';
export type { BlobWriter } from './blob-writer';
export { replaceContent } from './replace';
