export { CHIP, notebookPlugin } from './plugin';
export { type IUseContext, switchNotebook } from './use';
