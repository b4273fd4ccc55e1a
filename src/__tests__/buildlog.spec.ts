import type { ISocket, StreamState } from '../buildlog';
import { BuildLogStream } from '../buildlog';
import type { StreamReply, StreamRequest } from '../wire';

class FakeSocket implements ISocket {
  onopen: ISocket['onopen'] = null;
  onmessage: ISocket['onmessage'] = null;
  onclose: ISocket['onclose'] = null;
  readonly sent: StreamRequest[] = [];
  closed = false;

  send(data: string): void {
    this.sent.push(JSON.parse(data) as StreamRequest);
  }

  close(): void {
    this.closed = true;
  }

  open(): void {
    this.onopen?.call(this as unknown as WebSocket, {} as Event);
  }

  say(reply: StreamReply): void {
    const event = { data: JSON.stringify(reply) } as MessageEvent;
    this.onmessage?.call(this as unknown as WebSocket, event);
  }

  lose(): void {
    this.onclose?.call(this as unknown as WebSocket, {} as CloseEvent);
  }
}

const DATA = JSON.stringify({ t: 0, k: 'line', x: 'one' }) + '\n';
const SIZE = DATA.length;

describe('BuildLogStream', () => {
  let sockets: FakeSocket[];
  let stream: BuildLogStream;
  let states: StreamState['is'][];

  beforeEach(() => {
    jest.useFakeTimers();
    sockets = [];
    stream = new BuildLogStream({
      connect: () => {
        const socket = new FakeSocket();
        sockets.push(socket);
        return socket;
      },
      schedule: callback => callback()
    });
    states = [];
    stream.stateChanged.connect((_, state) => states.push(state.is));
  });

  afterEach(() => {
    stream.dispose();
    jest.useRealTimers();
  });

  const log = (build: string, from: number, data = DATA): StreamReply => ({
    type: 'log',
    build,
    from,
    to: from + data.length,
    data
  });

  it('connects with the first follower and leaves with the last', () => {
    expect(sockets).toHaveLength(0);
    const one = stream.follow('a');
    const two = stream.follow('b');
    expect(sockets).toHaveLength(1);
    sockets[0].open();
    expect(sockets[0].sent).toEqual([
      { type: 'follow', build: 'a', from: 0 },
      { type: 'follow', build: 'b', from: 0 }
    ]);
    one.dispose();
    expect(sockets[0].closed).toBe(false);
    two.dispose();
    expect(sockets[0].closed).toBe(true);
    expect(states).toEqual(['connecting', 'connected', 'idle']);
  });

  it('shares one log between two views of a build', () => {
    const one = stream.follow('a');
    const two = stream.follow('a');
    sockets[0].open();
    sockets[0].say(log('a', 0));
    expect(two.log).toBe(one.log);
    expect(two.log.lines.length).toBe(1);
    expect(sockets[0].sent).toHaveLength(1);
    one.dispose();
    expect(sockets[0].closed).toBe(false);
  });

  it('goes on at the byte where it stopped after a loss', () => {
    const followed = stream.follow('a');
    sockets[0].open();
    sockets[0].say(log('a', 0));
    sockets[0].lose();
    expect(stream.state.is).toBe('retrying');
    jest.advanceTimersByTime(1000);
    sockets[1].open();
    expect(sockets[1].sent).toEqual([
      { type: 'follow', build: 'a', from: SIZE }
    ]);
    sockets[1].say(log('a', SIZE));
    expect(followed.log.lines.length).toBe(2);
  });

  it('waits longer with every attempt, and starts over after an answer', () => {
    stream.follow('a');
    const wait = () =>
      stream.state.is === 'retrying' ? stream.state.at - Date.now() : null;
    const waits = [];
    for (let attempt = 0; attempt < 7; attempt++) {
      sockets[attempt].lose();
      waits.push(wait());
      jest.advanceTimersByTime(30_000);
    }
    expect(waits).toEqual([1, 2, 4, 8, 15, 30, 30].map(s => s * 1000));
    sockets[7].open();
    sockets[7].say({ type: 'ping' });
    sockets[7].lose();
    expect(wait()).toBe(1000);
  });

  it('connects at once when asked to', () => {
    stream.follow('a');
    sockets[0].lose();
    stream.retry();
    expect(sockets).toHaveLength(2);
    jest.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(2);
  });

  it('takes a long silence for a loss', () => {
    stream.follow('a');
    sockets[0].open();
    jest.advanceTimersByTime(40_000);
    sockets[0].say({ type: 'ping' });
    jest.advanceTimersByTime(40_000);
    expect(stream.state.is).toBe('connected');
    jest.advanceTimersByTime(10_000);
    expect(stream.state.is).not.toBe('connected');
  });

  it('asks once for what is missing between two chunks', () => {
    const { log: followed } = stream.follow('a');
    sockets[0].open();
    sockets[0].say(log('a', 0));
    sockets[0].say(log('a', 3 * SIZE));
    sockets[0].say(log('a', 4 * SIZE));
    expect(sockets[0].sent.slice(1)).toEqual([
      { type: 'follow', build: 'a', from: SIZE }
    ]);
    sockets[0].say(log('a', SIZE, DATA + DATA));
    expect(followed.lines.length).toBe(3);
  });

  it('ends a log only when all of it is here', () => {
    const { log: followed } = stream.follow('a');
    sockets[0].open();
    sockets[0].say(log('a', 0));
    sockets[0].say({ type: 'end', build: 'a', to: 2 * SIZE, state: 'failed' });
    expect(followed.ended).toBeNull();
    sockets[0].say(log('a', SIZE));
    sockets[0].say({ type: 'end', build: 'a', to: 2 * SIZE, state: 'failed' });
    expect(followed.ended).toBe('failed');
  });

  it('asks no more for a log that ended, and still has it', () => {
    const first = stream.follow('a');
    sockets[0].open();
    sockets[0].say(log('a', 0));
    sockets[0].say({ type: 'end', build: 'a', to: SIZE, state: 'succeeded' });
    first.dispose();
    const again = stream.follow('a');
    expect(again.log).toBe(first.log);
    expect(sockets).toHaveLength(1);
  });

  it('tells why there is no log, and asks again for the next view', () => {
    const problem = {
      code: 'not_found',
      message: 'No such build.',
      detail: '',
      remedy: '',
      where: '',
      culprits: [],
      fixes: []
    };
    const first = stream.follow('a');
    sockets[0].open();
    sockets[0].say({ type: 'error', build: 'a', error: problem });
    expect(first.log.problem?.message).toBe('No such build.');
    first.dispose();
    const again = stream.follow('a');
    expect(again.log.problem).toBeNull();
    expect(sockets).toHaveLength(2);
  });

  it('does nothing after it was disposed of', () => {
    const followed = stream.follow('a');
    sockets[0].open();
    stream.dispose();
    followed.dispose();
    jest.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(1);
    expect(sockets[0].closed).toBe(true);
  });
});
