/**
 * The JSON of `/mlenv/api`, as types. Times are ISO 8601 in UTC, sizes bytes,
 * durations seconds. Field names are the wire's own, so nothing is renamed on the way in.
 */

export * from './wire/build';
export * from './wire/change';
export * from './wire/definition';
export * from './wire/event';
export * from './wire/image';
export * from './wire/log';
export * from './wire/machine';
export * from './wire/notebook';
export * from './wire/packages';
export * from './wire/problem';
export * from './wire/secrets';
export * from './wire/version';
export * from './wire/work';
