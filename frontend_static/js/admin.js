// @ts-check
/** The administrators' page: accounts and credentials, as the API lists them. */

/**
 * @typedef {{id: string, role: string, scope: string, disabled: boolean, name_zh: string, name_en: string}} Account
 */
/**
 * @typedef {{id: string, kind: string, account_id: string, label: string|null, expires_at: string,
 *   seen_at: string|null}} SignIn
 */

document.documentElement.dataset.theme = localStorage.getItem('theme') === 'light' ? 'light' : 'dark';

const BASE = 'api/admin';

/** Who is signed in. @type {{csrf: string|null, account: {id: string}|null}} */
const session = await (await fetch('api/session')).json();

/** @param {string} id */
const at = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** Send a request; a problem is told and thrown. @param {string} method @param {string} path @param {any} [body] */
async function send(method, path, body) {
  const headers = { 'X-CSRF-Token': session.csrf ?? '', ...(body ? { 'Content-Type': 'application/json' } : {}) };
  const answer = await fetch(`${BASE}/${path}`, { method, headers, body: body && JSON.stringify(body) });
  const told = answer.status === 204 ? {} : await answer.json();
  if (!answer.ok) {
    tell(`${told.detail ?? answer.status} ${told.mend ?? ''}`);
    throw new Error(told.type);
  }
  return told;
}

/** Show what was done; a secret stands apart, to be copied. @param {string} text @param {string} [secret] */
function tell(text, secret) {
  at('told').replaceChildren(text);
  if (!secret) return;
  const code = document.createElement('code');
  code.textContent = secret;
  at('told').append(' ', code);
}

/**
 * Make a button; what cannot be taken back, or ends somebody's work, is asked about first.
 *
 * @param {string} label @param {() => Promise<void>} act @param {string} [question]
 */
function button(label, act, question) {
  const found = document.createElement('button');
  found.type = 'button';
  found.textContent = label;
  found.addEventListener('click', () => {
    if (!question || confirm(question)) act().then(show, () => {});
  });
  return found;
}

/** Fill a table. @param {string} id @param {string[]} head @param {(string|HTMLElement[])[][]} rows */
function fill(id, head, rows) {
  const cells = (/** @type {string} */ tag, /** @type {(string|HTMLElement[])[]} */ row) => {
    const line = document.createElement('tr');
    for (const [column, value] of row.entries()) {
      const cell = document.createElement(tag);
      cell.dataset.label = head[column];
      if (typeof value === 'string') cell.textContent = value;
      else cell.append(...value.flatMap((one) => [one, ' ']));
      line.append(cell);
    }
    return line;
  };
  at(id).replaceChildren(cells('th', head), ...rows.map((row) => cells('td', row)));
}

const clock = new Intl.DateTimeFormat('zh-CN', { dateStyle: 'short', timeStyle: 'short', timeZone: 'Asia/Shanghai' });

/** @param {string|null} time */
const when = (time) => (time ? clock.format(new Date(time)) : '–');

/** @param {Account} account */
function accountRow(account) {
  const link = button('登录链接 Link', async () => {
    const made = await send('POST', 'keys', { account: account.id, link: true });
    tell('15 分钟内有效，仅此一次 Valid 15 minutes, once:', `${location.origin}/signin?link=${made.link}`);
  });
  const key = button('密钥 Key', async () => {
    const made = await send('POST', 'keys', { account: account.id });
    tell('仅显示一次 Shown once:', made.key);
  });
  const toggle = (/** @type {boolean} */ disabled) => async () => {
    await send('PATCH', `accounts/${account.id}`, { disabled });
    tell('');
  };
  const enable = button('启用 Enable', toggle(false));
  const warning = `停用 ${account.id}？其会话立即结束。\nDisable ${account.id}? Its sessions end at once.`;
  const disable = account.id === session.account?.id ? [] : [button('停用 Disable', toggle(true), warning)];
  const state = account.disabled ? '已停用 disabled' : '';
  const buttons = account.disabled ? [enable] : [link, key, ...disable];
  return [account.id, account.name_zh, account.name_en, account.role, account.scope, state, buttons];
}

/** @param {SignIn} one */
function credentialRow(one) {
  const whose = [one.account_id, one.kind, one.label ?? one.id].join(' ');
  const revoke = button('撤销 Revoke', async () => {
    await send('DELETE', `keys/${one.id}`);
    tell('');
  }, `撤销 ${whose}？立即失效。\nRevoke ${whose}? It ends at once.`);
  const rotate = button('更换 Rotate', async () => {
    tell('仅显示一次 Shown once:', (await send('POST', `keys/${one.id}/rotate`, {})).key);
  }, `更换 ${whose}？旧密钥立即失效。\nRotate ${whose}? The old key ends at once.`);
  const buttons = one.kind === 'key' ? [rotate, revoke] : [revoke];
  return [one.id, one.kind, one.account_id, one.label ?? '', when(one.expires_at), when(one.seen_at), buttons];
}

async function show() {
  const found = await send('GET', 'accounts');
  const columns = ['id', '名称', 'Name', '角色 Role', '辖区 Area', '状态 State', '操作 Actions'];
  fill('accounts', columns, found.accounts.map(accountRow));
  const head = ['id', '类别 Kind', '账号 Account', '说明 Label', '有效至 Until', '最近使用 Last used', '操作 Actions'];
  fill('credentials', head, found.credentials.map(credentialRow));
  at('all').hidden = false;
}

const form = /** @type {HTMLFormElement} */ (at('add'));
form.addEventListener('submit', (event) => {
  event.preventDefault();
  send('POST', 'accounts', Object.fromEntries(new FormData(form)))
    .then(({ scope_proven: proven }) => {
      tell(proven ? '' : '未加载该级行政区，辖区代码未核对。 No units of that level are loaded: the area is not checked.');
      form.reset();
    })
    .then(show, () => {});
});

show().catch(() => {});

export {};
