import type { IProblem } from './problem';

export type RunState =
  | 'queued'
  | 'preparing'
  | 'running'
  | 'succeeded'
  | 'failed'
  | 'cancelled'
  | 'interrupted';

/** A command that ran, or runs, in a version. */
export interface IRun {
  id: string;
  experiment: string;
  name: string;
  version: string;
  target: string;
  state: RunState;
  command: string[];
  created_at: string;
  exit_code: number | null;
  error: IProblem | null;
  cancelling: boolean;
}

export type ServiceState =
  'deploying' | 'healthy' | 'unhealthy' | 'failed' | 'stopped';

/** A model that answers HTTP in a version. */
export interface IService {
  name: string;
  state: ServiceState;
  port: number;
  environment: string;
  version: string;
  models: { name: string; version: number }[];
  revision: number;
  error: IProblem | null;
}

/** What a service has answered. */
export interface IAsked {
  status: number;
  content_type: string;
  body: string;
  /** Whether it was more than is shown. */
  cut: boolean;
  seconds: number;
}
