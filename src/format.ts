import type { TranslationBundle } from '@jupyterlab/translation';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Bytes as people write them: "310 MB", "1.2 GB". */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999.5 kB would be rounded to "1000 kB".
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** A duration in seconds: "0.9 s", "48 s", "2 min 5 s". */
export function formatSeconds(
  seconds: number,
  trans: TranslationBundle
): string {
  if (seconds < 10) {
    return trans.__('%1 s', seconds.toFixed(1));
  }
  const whole = Math.round(seconds);
  if (whole < 60) {
    return trans.__('%1 s', whole);
  }
  return trans.__('%1 min %2 s', Math.floor(whole / 60), whole % 60);
}

/** How long ago: "now", "20 min ago", "2 d ago". */
export function formatAge(
  time: string,
  trans: TranslationBundle,
  now = Date.now()
): string {
  const minutes = Math.floor((now - Date.parse(time)) / 60_000);
  if (minutes < 1) {
    return trans.__('now');
  }
  if (minutes < 60) {
    return trans.__('%1 min ago', minutes);
  }
  const hours = Math.floor(minutes / 60);
  if (hours < 24) {
    return trans.__('%1 h ago', hours);
  }
  const days = Math.floor(hours / 24);
  if (days < 14) {
    return trans.__('%1 d ago', days);
  }
  if (days < 60) {
    return trans.__('%1 wk ago', Math.floor(days / 7));
  }
  if (days < 365) {
    return trans.__('%1 mo ago', Math.floor(days / 30));
  }
  return trans.__('%1 y ago', Math.floor(days / 365));
}

/** The whole date, for a tooltip. */
export function formatDate(time: string): string {
  return new Date(time).toLocaleString();
}

/** "v3" for a number; an imported version string as it is, cut in the middle when long. */
export function formatVersion(version: string, limit = 18): string {
  if (/^\d+$/.test(version)) {
    return `v${version}`;
  }
  if (version.length <= limit) {
    return version;
  }
  const half = (limit - 1) / 2;
  return `${version.slice(0, Math.ceil(half))}…${version.slice(-Math.floor(half))}`;
}
