export { cellPlugin } from './plugin';
