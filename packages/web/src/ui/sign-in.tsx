/** The door: what to type in a terminal, or the password where one is set. */
import { useState } from 'preact/hooks';
import type { Problem } from '../model/state.ts';
import { SIGN_IN_LINK } from '../model/words.ts';
import { useApp } from './context.ts';
import { Icon } from './icon.tsx';

export function SignIn() {
  const { actions } = useApp();
  const [password, setPassword] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(await actions.signIn(password));
    setBusy(false);
  };
  return (
    <main class="door">
      <div class="door-inner">
        <Icon name="bell" size={32} />
        <h1>You are not signed in</h1>
        <p>In a terminal, where Bellhop is installed, type</p>
        <pre class="command">{SIGN_IN_LINK}</pre>
        <p>and open the address that it prints. It works once.</p>
        <form onSubmit={(event) => void submit(event)}>
          <label for="password">Or, if you have set a password</label>
          <div class="field-line">
            <input
              id="password"
              type="password"
              autocomplete="current-password"
              value={password}
              onInput={(event) => setPassword(event.currentTarget.value)}
            />
            <button type="submit" class="button primary" disabled={isBusy || password === ''}>
              Sign in
            </button>
          </div>
          <p role="alert" class="field-problem">
            {problem && `${problem.message} ${problem.hint}`}
          </p>
        </form>
      </div>
    </main>
  );
}
