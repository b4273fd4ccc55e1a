import { linkTo, parseLink, withoutLink } from '../around/deeplink';

test.each(['3', 'v3', 'null', 'Autosave_2021-03-20T17:38:44Z_adda0f97', 'a+b'])(
  'a link to the version %s asks for it',
  version => {
    const { search } = new URL(linkTo('churn', version));
    expect(parseLink(search)).toEqual({ name: 'churn', version });
    expect(withoutLink(search)).toBe('');
  }
);

test('a link to the newest names no version', () => {
  const { search } = new URL(linkTo('churn', 'latest'));
  expect(parseLink(search)).toEqual({ name: 'churn' });
});
