import { chosen } from '../around/pool';

describe('what a person chose of the kernels that are kept ready', () => {
  it('is nothing where nothing is set', () => {
    expect(chosen({})).toEqual({ size: null, memory: null });
  });

  it('is what is set, none included', () => {
    expect(chosen({ size: 0 })).toEqual({ size: 0, memory: null });
    expect(chosen({ size: 2, memory: 500 })).toEqual({ size: 2, memory: 500 });
  });

  it('is nothing where it is no number of kernels', () => {
    expect(chosen({ size: -1, memory: 'much' })).toEqual({
      size: null,
      memory: null
    });
  });
});
