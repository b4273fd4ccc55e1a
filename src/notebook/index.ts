export { CHIP, notebookPlugin } from './plugin';
export { type IUseContext, useInNotebook } from './use';
