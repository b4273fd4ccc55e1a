import { pretty } from '../panel/detail/serviceslist';
import { textOf } from '../panel/detail/tail';

describe('the log of a run or a service', () => {
  it('has the texts of its records, without colours and cut lines', () => {
    const lines = [
      '{"t":0.1,"k":"line","x":"\\u001b[31mred\\u001b[0m"}',
      '',
      '{"t":0.2,"k":"result","x":"Succeeded","d":{}}',
      '{"t":0.3,"k":"li'
    ];
    expect(textOf(lines.join('\n'))).toBe('red\nSucceeded\n');
  });
});

describe('the answer of a service', () => {
  it('is laid out where it is long JSON, and left alone otherwise', () => {
    expect(pretty('[1,2]')).toBe('[1,2]');
    expect(pretty('Not JSON')).toBe('Not JSON');
    const long = JSON.stringify({ words: 'x'.repeat(70) });
    expect(pretty(long).split('\n')).toHaveLength(3);
  });
});
