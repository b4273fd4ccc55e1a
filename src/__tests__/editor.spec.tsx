import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import * as React from 'react';

import { makeProblem, ProblemError } from '../api';
import { Drafts, NEW } from '../editor/drafts';
import { NewView } from '../editor/newview';
import { type IPanelContext, PanelContext } from '../panel/context';
import { Place } from '../panel/place';
import type { IEnvironments } from '../tokens';

const NOTHING_WRONG = { ok: true, problems: [] };

function setUp() {
  const api = {
    validate: jest.fn().mockResolvedValue(NOTHING_WRONG),
    resolve: jest
      .fn()
      .mockRejectedValue(
        new ProblemError(makeProblem({ code: 'x', message: 'no' }), 501)
      ),
    environments: jest.fn().mockResolvedValue({ items: [], total: 0 }),
    catalogue: jest.fn().mockResolvedValue({ items: [], problems: [] }),
    status: jest.fn().mockResolvedValue({ disk_free: 1e12 }),
    pythons: jest.fn().mockResolvedValue({ items: [], default: '3.11' })
  };
  const environments = {
    api,
    drafts: new Drafts(localStorage),
    connection: { lost: false, lastSeen: 0, nextTry: null },
    connectionChanged: new Signal({}),
    save: jest.fn().mockResolvedValue({ name: 'churn', version: '1' }),
    startBuild: jest.fn().mockResolvedValue({})
  };
  const place = new Place('place', null, { view: 'new', tab: 'packages' });
  const context = {
    environments: environments as unknown as IEnvironments,
    trans: nullTranslator.load(''),
    translator: nullTranslator,
    commands: new CommandRegistry(),
    place
  } as unknown as IPanelContext;
  const queries = new QueryClient({
    defaultOptions: { queries: { retry: false } }
  });
  const view = (tab: 'packages' | 'variables') => (
    <QueryClientProvider client={queries}>
      <PanelContext.Provider value={context}>
        <NewView tab={tab} />
      </PanelContext.Provider>
    </QueryClientProvider>
  );
  const rendered = render(view('packages'));
  return {
    api,
    environments,
    place,
    showVariables: () => rendered.rerender(view('variables')),
    user: userEvent.setup()
  };
}

beforeEach(() => localStorage.clear());

describe('a new environment', () => {
  it('is written, saved and built', async () => {
    const { user, environments, place, showVariables } = setUp();
    await user.type(screen.getByLabelText('Name'), 'churn');
    await user.type(screen.getByLabelText('Python'), '3.12');
    const box = screen.getByRole('combobox', { name: 'Add a package' });
    await user.type(box, 'six{Enter}numpy>=2{Enter}');
    expect(box).toHaveProperty('value', '');
    showVariables();
    await user.type(screen.getByPlaceholderText('NAME'), 'GREETING');
    await user.type(screen.getByLabelText('Value of GREETING'), 'hello');
    await user.click(screen.getByRole('button', { name: 'Save and build' }));
    await waitFor(() => expect(place.location.view).toBe('detail'));
    expect(environments.save).toHaveBeenCalledWith({
      name: 'churn',
      base: null,
      description: undefined,
      definition: {
        python: '3.12',
        pip: { requirements: ['six', 'numpy>=2'] },
        variables: { GREETING: 'hello' }
      }
    });
    expect(environments.startBuild).toHaveBeenCalledWith('churn', '1');
    expect(place.location).toMatchObject({ name: 'churn', tab: 'builds' });
    expect(environments.drafts.get(NEW)).toBeNull();
  });

  it('says under the field what is wrong, and loses nothing', async () => {
    const { user, api } = setUp();
    const box = screen.getByRole('combobox', { name: 'Add a package' });
    api.validate.mockResolvedValue({
      ok: false,
      problems: [
        makeProblem({
          code: 'invalid',
          message: "'numpy>>2' is not a requirement.",
          where: 'pip.requirements[0]'
        })
      ]
    });
    await user.type(box, 'numpy>>2{Enter}');
    const told = await screen.findByRole('alert');
    expect(told.textContent).toContain("'numpy>>2' is not a requirement.");
    expect(box).toHaveProperty('value', 'numpy>>2');
    expect(box.getAttribute('aria-invalid')).toBe('true');
  });

  it('blocks a wrong name with the reason of the server', async () => {
    const { user, api } = setUp();
    api.validate.mockResolvedValue({
      ok: false,
      problems: [
        makeProblem({
          code: 'invalid_name',
          message: "'../x' cannot be the name of an environment.",
          where: 'name'
        })
      ]
    });
    await user.type(screen.getByLabelText('Name'), '../x');
    await screen.findByText(/cannot be the name of an environment/);
    expect(screen.getByRole('button', { name: 'Save as v1' })).toHaveProperty(
      'disabled',
      true
    );
  });

  it('shows a refusal of the save at its field', async () => {
    const { user, environments, place } = setUp();
    environments.save.mockRejectedValue(
      new ProblemError(
        makeProblem({ code: 'exists', message: 'Taken.', where: 'name' }),
        409
      )
    );
    await user.type(screen.getByLabelText('Name'), 'churn');
    await user.click(screen.getByRole('button', { name: 'Save as v1' }));
    await screen.findByText(/Taken\./);
    expect(place.location.view).toBe('new');
    expect(environments.drafts.get(NEW)?.name).toBe('churn');
  });

  it('is undone step by step', async () => {
    const { user, environments } = setUp();
    const box = screen.getByRole('combobox', { name: 'Add a package' });
    await user.type(box, 'six{Enter}numpy{Enter}');
    act(() => environments.drafts.undo(NEW));
    expect(environments.drafts.get(NEW)?.requirements).toEqual(['six']);
  });
});
