import { ServerConnection } from '@jupyterlab/services';

import { apiOf, ConnectionLost, ProblemError, problemOf } from '../api';

interface IAnswer {
  status: number;
  body: string;
}

/** An interface whose answers are made here, since there is no `fetch`. */
function apiWith(answer: () => IAnswer) {
  const asked: string[] = [];
  jest.spyOn(ServerConnection, 'makeRequest').mockImplementation(async url => {
    asked.push(url);
    const { status, body } = answer();
    return {
      status,
      ok: status < 400,
      statusText: '',
      text: async () => body
    } as Response;
  });
  const settings = { baseUrl: 'http://host/user/ann/' };
  return { api: apiOf(settings as ServerConnection.ISettings), asked };
}

const json = (status: number, body: unknown): IAnswer => ({
  status,
  body: JSON.stringify(body)
});

describe('Api', () => {
  it('asks under the base address, with names that may hold anything', async () => {
    const { api, asked } = apiWith(() => json(200, { items: [], total: 0 }));
    await api.environments({ q: 'a&b', cursor: null });
    expect(asked[0]).toContain(
      'http://host/user/ann/mlenv/api/environments?q=a%26b'
    );
    await api.version('a/../b', '1:2');
    expect(asked[1]).toContain(
      '/mlenv/api/environments/a%2F..%2Fb/versions/1%3A2'
    );
  });

  it('has nothing to read in an answer without a body', async () => {
    const { api } = apiWith(() => ({ status: 204, body: '' }));
    await expect(api.deleteEnvironment('a')).resolves.toBeUndefined();
  });

  it('tells a refusal with its problem, every field there', async () => {
    const { api } = apiWith(() =>
      json(409, { error: { code: 'exists', message: 'It exists.' } })
    );
    const error = await api.startBuild({ name: 'a' }).catch(one => one);
    expect(error).toBeInstanceOf(ProblemError);
    expect(error.status).toBe(409);
    expect(error.problem).toEqual({
      code: 'exists',
      message: 'It exists.',
      detail: '',
      remedy: '',
      where: '',
      culprits: [],
      fixes: []
    });
    expect(error.problems).toEqual([error.problem]);
  });

  it.each([
    [403, 'forbidden'],
    [404, 'not_found'],
    [500, 'server_error']
  ])('never shows the text of a strange %i', async (status, code) => {
    const { api } = apiWith(() => ({ status, body: '<html>Traceback</html>' }));
    const problem = problemOf(await api.builds().catch(one => one));
    expect(problem.code).toBe(code);
    expect(problem.message).not.toContain('Traceback');
    expect(problem.remedy).not.toBe('');
  });

  it('says that nobody answers, also when a gateway says so', async () => {
    const gone = apiWith(() => {
      throw new TypeError('no network');
    });
    await expect(gone.api.builds()).rejects.toBeInstanceOf(ConnectionLost);
    const gateway = apiWith(() => ({ status: 502, body: 'bad gateway' }));
    await expect(gateway.api.builds()).rejects.toBeInstanceOf(ConnectionLost);
  });
});
