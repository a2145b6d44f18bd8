import * as v from 'valibot'
import type { HttpClient, HttpRequest } from '../http'
import { Rules } from './ruleSchemas'
import * as s from './schemas'

const BASE = '/api/fusewatch/v1'
const COUNTING_TIMEOUT_MS = 60_000

export interface EventWindow {
  start: number
  end: number
  limit?: number
}

export interface CardinalityQuestion {
  start: number
  end: number
  metric?: string | undefined
  label?: string | undefined
  job?: string | undefined
  match?: string | undefined
  sort?: string | undefined
  limit: number
}

export interface SavedQueryWish {
  id?: number | undefined
  name: string
  description: string
  search: string
}

export interface UserChange {
  role?: s.Role
  password?: string
  disabled?: boolean
}

/** Our own API, one method per question. */
export class FusewatchClient {
  private readonly http: HttpClient

  constructor(http: HttpClient) {
    this.http = http
  }

  host(signal?: AbortSignal): Promise<s.Host> {
    return this.get('/host', s.Host, signal)
  }

  findings(signal?: AbortSignal): Promise<s.Findings> {
    return this.get('/findings', s.Findings, signal)
  }

  async components(signal?: AbortSignal): Promise<s.Component[]> {
    return (await this.get('/components', v.object({ components: v.array(s.Component) }), signal)).components
  }

  storage(signal?: AbortSignal): Promise<s.Storage> {
    return this.get('/storage', s.Storage, signal)
  }

  ingest(signal?: AbortSignal): Promise<s.Ingest> {
    return this.get('/ingest', s.Ingest, signal)
  }

  /** What is wrong with a query, null where nothing is. */
  async queryProblem(query: string, signal?: AbortSignal): Promise<s.QueryProblem | null> {
    return (await this.get('/query-problem', v.object({ problem: v.nullable(s.QueryProblem) }), signal, { query })).problem
  }

  async savedQueries(signal?: AbortSignal): Promise<s.SavedQuery[]> {
    return (await this.get('/saved-queries', v.object({ queries: v.array(s.SavedQuery) }), signal)).queries
  }

  /** Saves under a new name, or in the place of the query with that id. */
  saveQuery({ id, ...query }: SavedQueryWish): Promise<void> {
    if (id === undefined) return this.http.nothing({ path: `${BASE}/saved-queries`, method: 'POST', body: query })
    return this.http.nothing({ path: `${BASE}/saved-queries/${id}`, method: 'PUT', body: query })
  }

  deleteSavedQuery(id: number): Promise<void> {
    return this.http.nothing({ path: `${BASE}/saved-queries/${id}`, method: 'DELETE' })
  }

  /** Counts every series, which takes seconds where there are a million. */
  cardinality({ match, ...question }: CardinalityQuestion, signal?: AbortSignal): Promise<s.Cardinality> {
    const query = { ...question, ...(match ? { 'match[]': match } : {}) }
    return this.http.json({ path: `${BASE}/cardinality`, query, signal, timeoutMs: COUNTING_TIMEOUT_MS }, s.Cardinality)
  }

  rules(signal?: AbortSignal): Promise<Rules> {
    return this.get('/rules', Rules, signal)
  }

  targets(signal?: AbortSignal): Promise<s.Targets> {
    return this.get('/targets', s.Targets, signal)
  }

  version(signal?: AbortSignal): Promise<s.Version> {
    return this.get('/version', s.Version, signal)
  }

  async events(window: EventWindow, signal?: AbortSignal): Promise<s.Event[]> {
    return (await this.get('/events', v.object({ events: v.array(s.Event) }), signal, { ...window })).events
  }

  /** Who is asking; also remembers the CSRF token for later changes. */
  async session(signal?: AbortSignal): Promise<s.Session> {
    return this.remember(await this.get('/session', s.Session, signal))
  }

  async login(name: string, password: string): Promise<s.Session> {
    return this.remember(await this.http.json({ path: `${BASE}/session`, method: 'POST', body: { name, password } }, s.Session))
  }

  logout(): Promise<void> {
    return this.http.nothing({ path: `${BASE}/session`, method: 'DELETE' })
  }

  async users(signal?: AbortSignal): Promise<s.User[]> {
    return (await this.get('/users', v.object({ users: v.array(s.User) }), signal)).users
  }

  addUser(user: { name: string; role: s.Role; password: string }): Promise<void> {
    return this.http.nothing({ path: `${BASE}/users`, method: 'POST', body: user })
  }

  changeUser(name: string, change: UserChange): Promise<void> {
    return this.http.nothing({ path: `${BASE}/users/${encodeURIComponent(name)}`, method: 'PATCH', body: change })
  }

  deleteUser(name: string): Promise<void> {
    return this.http.nothing({ path: `${BASE}/users/${encodeURIComponent(name)}`, method: 'DELETE' })
  }

  async tokens(signal?: AbortSignal): Promise<s.Token[]> {
    return (await this.get('/tokens', v.object({ tokens: v.array(s.Token) }), signal)).tokens
  }

  /** The new token's secret; the server tells it this once. */
  async addToken(token: { name: string; role: s.Role; expires?: string }): Promise<string> {
    return (await this.http.json({ path: `${BASE}/tokens`, method: 'POST', body: token }, s.NewToken)).token
  }

  deleteToken(id: string | number): Promise<void> {
    return this.http.nothing({ path: `${BASE}/tokens/${encodeURIComponent(id)}`, method: 'DELETE' })
  }

  async audit(signal?: AbortSignal): Promise<s.AuditEntry[]> {
    return (await this.get('/audit', v.object({ entries: v.array(s.AuditEntry) }), signal, { limit: 200 })).entries
  }

  reload(): Promise<void> {
    return this.http.nothing({ path: '/-/reload', method: 'POST' })
  }

  private get<Schema extends v.GenericSchema>(
    path: string,
    schema: Schema,
    signal?: AbortSignal,
    query: HttpRequest['query'] = {},
  ): Promise<v.InferOutput<Schema>> {
    return this.http.json({ path: BASE + path, query, signal }, schema)
  }

  private remember(session: s.Session): s.Session {
    this.http.csrf = session.csrf
    return session
  }
}
