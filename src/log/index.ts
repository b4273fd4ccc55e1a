export { BuildView, type IBuildViewProps } from './buildview';
export { BuildHead, type IBuildHeadProps } from './buildhead';
export { ErrorCard } from './errorcard';
export { LogView } from './logview';
export { Progress } from './progress';
export { Stepper } from './stepper';
