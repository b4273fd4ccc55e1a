const underWay = new Map<string, Promise<void>>();

/** Runs a call once for all who ask for the same while it is under way: a double click is one press. */
export function joined(key: string, call: () => Promise<void>): Promise<void> {
  const running = underWay.get(key);
  if (running) {
    return running;
  }
  const started = call().finally(() => underWay.delete(key));
  underWay.set(key, started);
  return started;
}
