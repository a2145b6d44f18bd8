/** Whether the server answers, and since when not. Times are milliseconds UTC of this browser's clock. */
export interface Connection {
  lost: boolean
  /** When the server answered last. */
  lastSeen: number
}

const PING_EVERY_MS = 2000
const PING_TIMEOUT_MS = 1500

/**
 * Watches the server with a small request every two seconds, so that a page without refresh also tells when it went away.
 * A server that vanishes is noticed within 3.5 s at the latest; an ordinary request that fails makes it sooner.
 */
export class ConnectionMonitor {
  private readonly fetch: typeof globalThis.fetch
  private readonly now: () => number
  private readonly listeners = new Set<() => void>()
  private state: Connection

  constructor({ fetch, now }: { fetch: typeof globalThis.fetch; now: () => number }) {
    this.fetch = fetch
    this.now = now
    this.state = { lost: false, lastSeen: now() }
  }

  readonly snapshot = (): Connection => this.state

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => {
      this.listeners.delete(listener)
    }
  }

  /** An answer arrived. Listeners hear only of a change: the time of the last answer is read when it is shown. */
  readonly seen = (): void => {
    const wasLost = this.state.lost
    if (!wasLost) {
      this.state.lastSeen = this.now()
      return
    }
    this.change({ lost: false, lastSeen: this.now() })
  }

  readonly missed = (): void => {
    if (!this.state.lost) this.change({ ...this.state, lost: true })
  }

  /** Ask until the returned function is called. A hidden page rests and asks at once when it is looked at again. */
  start(): () => void {
    const onVisible = (): void => {
      if (document.visibilityState === 'visible') void this.ping()
    }
    const timer = setInterval(onVisible, PING_EVERY_MS)
    document.addEventListener('visibilitychange', onVisible)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', onVisible)
    }
  }

  private async ping(): Promise<void> {
    try {
      await this.fetch('/-/healthy', { signal: AbortSignal.timeout(PING_TIMEOUT_MS), cache: 'no-store' })
      this.seen()
    } catch {
      this.missed()
    }
  }

  private change(state: Connection): void {
    this.state = state
    this.listeners.forEach((listener) => listener())
  }
}
