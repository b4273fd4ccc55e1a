import { joined } from '../joined';

test('who asks while it runs gets the same answer, who asks later a new one', async () => {
  let calls = 0;
  let finish = () => undefined as void;
  const call = () => {
    calls += 1;
    return new Promise<void>(resolve => (finish = resolve));
  };
  const first = joined('a', call);
  const second = joined('a', call);
  expect(calls).toBe(1);
  finish();
  await Promise.all([first, second]);
  const third = joined('a', call);
  expect(calls).toBe(2);
  finish();
  await third;
});

test('a call that failed can be made again', async () => {
  await expect(
    joined('b', () => Promise.reject(new Error('no')))
  ).rejects.toThrow('no');
  await joined('b', () => Promise.resolve());
});
