/** What is told without being asked, by the server and by kernels. */

import type { Form } from './version';

/** The ids of the event schemas that the server emits on. */
export const EVENT_SCHEMAS = {
  build: 'https://events.mlenv.dev/build',
  environment: 'https://events.mlenv.dev/environment',
  kernel: 'https://events.mlenv.dev/kernel',
  run: 'https://events.mlenv.dev/run',
  service: 'https://events.mlenv.dev/service'
} as const;

/** The data of an event on the Jupyter event bus. */
export interface IChangeEvent {
  action: 'created' | 'changed' | 'deleted';
  name?: string;
  version?: string;
  id?: string;
  state?: string;
  /** What a kernel is doing that is `starting`. */
  detail?: string;
}

/** The data with which a kernel opens the comm `mlenv`. */
export interface IUseRequest {
  action: 'use';
  name: string;
  version: string;
  kernel_name: string;
  /** The label that the notebook is to go with. */
  follows?: string;
}

/** What a running kernel has beyond its version. */
export interface IDrift {
  name: string;
  version: string;
  /** What the kernel runs in. */
  form: Form;
  added: { name: string; version: string }[];
  removed: { name: string; version: string }[];
  changed: { name: string; before: string; after: string }[];
  /** The file of the notebook that this belongs to; `null` where it ends with the kernel. */
  notebook: string | null;
  /** Whether the version was built again since the kernel started. */
  rebuilt: boolean;
}
