import type { Credentials, FoundCredentials } from './credentials';
import { parseChallenges } from './challenge';
import { isLoopback } from './endpoint';
import { StoreError } from '../store-error';
import type { Clock } from './retry';
import { fetchToken } from './token';
import type { Send, Token, TokenServer } from './token';

type Scheme = { readonly kind: 'basic' } | ({ readonly kind: 'bearer' } & TokenServer);

interface CachedToken {
  readonly token: Promise<Token>;
  expires: number;
}

/**
 * Knows what to put into `Authorization` for one registry. Nothing is sent, and no credential looked up, until the
 * registry asks; then it is remembered which way it wants it, and each token for as long as it is valid.
 */
export class Authorizer {
  private scheme?: Scheme;
  private found?: Promise<FoundCredentials>;
  private readonly tokens = new Map<string, CachedToken>();

  /** @param send sends a request to a token server, with retries, without authorization */
  constructor(
    private readonly origin: URL,
    private readonly lookUp: () => Promise<FoundCredentials>,
    private readonly send: Send,
    private readonly clock: Clock,
  ) {}

  /** The header for a request that needs these scopes, as far as the registry's way is known. */
  async header(scopes: readonly string[]): Promise<string | undefined> {
    if (!this.scheme) return undefined;
    const { credentials } = await this.credentials();
    if (credentials?.kind === 'registry-token') return `Bearer ${credentials.token}`;
    if (this.scheme.kind === 'bearer') {
      return `Bearer ${await this.token(this.scheme, scopes, credentials)}`;
    }
    if (credentials?.kind !== 'password') return undefined;
    return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
  }

  /**
   * Takes in an answer 401.
   * @param refused the header that was refused, so that a token that has become invalid is not used again
   * @throws StoreError `unauthenticated` when the registry asks in a way that must not be answered
   */
  challenged(header: string, scopes: readonly string[], refused: string | undefined): void {
    const challenges = parseChallenges(header);
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer?.parameters['realm']) {
      this.scheme = {
        kind: 'bearer',
        realm: this.checkedRealm(bearer.parameters['realm']),
        service: bearer.parameters['service'],
      };
      if (refused) this.tokens.delete(keyOf(scopes));
    } else if (challenges.some(({ scheme }) => scheme === 'basic')) {
      this.scheme = { kind: 'basic' };
    }
  }

  /** Looked up once. */
  credentials(): Promise<FoundCredentials> {
    this.found ??= this.lookUp();
    return this.found;
  }

  /** Credentials for a registry that is reached by TLS are not sent anywhere in the clear. */
  private checkedRealm(text: string): URL {
    const realm = URL.canParse(text) ? new URL(text) : undefined;
    const isSafe =
      realm?.protocol === 'https:' ||
      (realm?.protocol === 'http:' && (this.origin.protocol === 'http:' || isLoopback(realm.host)));
    if (realm && isSafe) return realm;
    throw new StoreError(
      'unauthenticated',
      `${this.origin.host} sends for tokens to ${realm ? realm.origin : 'an invalid address'}, which is not safe`,
    );
  }

  private async token(
    server: TokenServer,
    scopes: readonly string[],
    credentials: Credentials | undefined,
  ): Promise<string> {
    const key = keyOf(scopes);
    const known = this.tokens.get(key);
    if (known && known.expires > this.clock.now()) return (await known.token).token;
    // Until it is there it does not expire: who asks meanwhile waits for the same one, so nobody's signal ends it.
    const entry: CachedToken = {
      token: fetchToken(server, scopes, credentials, this.send),
      expires: Infinity,
    };
    this.tokens.set(key, entry);
    try {
      const { token, validMs } = await entry.token;
      entry.expires = this.clock.now() + validMs;
      return token;
    } catch (error) {
      if (this.tokens.get(key) === entry) this.tokens.delete(key);
      throw error;
    }
  }
}

function keyOf(scopes: readonly string[]): string {
  return [...scopes].sort().join(' ');
}
