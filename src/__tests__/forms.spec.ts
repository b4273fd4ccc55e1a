import { otherForms } from '../panel/detail/detailaction';
import type { IVersionForm } from '../wire';

function form(
  name: IVersionForm['form'],
  more: Partial<IVersionForm> = {}
): IVersionForm {
  return {
    form: name,
    own: false,
    refused: null,
    built: false,
    ...more
  } as IVersionForm;
}

describe('otherForms', () => {
  const own = { own: true };
  it('offers the form that a version does not take by itself', () => {
    const forms = [form('prefix', own), form('image')];
    expect(otherForms(forms)).toEqual(['build-image']);
    const ready = [form('prefix', { own: true, built: true }), form('image')];
    expect(otherForms(ready)).toEqual(['build-image']);
  });

  it('offers nothing where it cannot be', () => {
    const why = { refused: 'The workspace has no base image.' };
    expect(otherForms([form('prefix', own), form('image', why)])).toEqual([]);
    expect(otherForms([])).toEqual([]);
  });

  it('offers its own form where only the other is built', () => {
    const forms = [form('prefix', own), form('image', { built: true })];
    expect(otherForms(forms)).toEqual(['build-prefix']);
  });

  it('offers the image beside the prefix where both are built', () => {
    const built = { built: true };
    const forms = [
      form('image', { own: true, ...built }),
      form('prefix', built)
    ];
    expect(otherForms(forms)).toEqual(['use-image']);
  });
});
