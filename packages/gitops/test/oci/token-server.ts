import { createSign, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { makeCertificate } from './certificate';
import type { Certificate } from './certificate';

export interface User {
  readonly password: string;
  /** What is granted of what is asked for: `pull`, `push`, `delete`. */
  readonly rights: readonly string[];
}

/** Users by name; under the empty name what is granted to whoever gives no name. */
export type Users = Readonly<Record<string, User>>;

interface Access {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** Gives out tokens that a registry accepts which trusts its certificate (distribution, docs/spec/auth/token.md). */
export class TokenServer {
  readonly service = 'registry-of-tests';
  readonly issuer = 'tokens-of-tests';
  /** The scopes of each request. */
  readonly asked: string[][] = [];

  private constructor(
    private readonly server: Server,
    readonly certificate: Certificate,
    private readonly users: Users,
  ) {}

  static async start(users: Users): Promise<TokenServer> {
    const server = createServer((request, response) => tokens.answer(request, response));
    const tokens = new TokenServer(server, makeCertificate(), users);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return tokens;
  }

  get realm(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/token`;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    this.certificate.remove();
    await closed;
  }

  private answer({ url, headers }: IncomingMessage, response: ServerResponse): void {
    const scopes = new URL(url!, this.realm).searchParams.getAll('scope');
    this.asked.push(scopes);
    const [name, password] = credentialsOf(headers.authorization);
    const user = this.users[name];
    if (name && (!user || user.password !== password)) return void response.writeHead(401).end();
    const rights = user?.rights ?? [];
    const access = scopes
      .map(parseScope)
      .map((one) => ({ ...one, actions: one.actions.filter((action) => rights.includes(action)) }));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ token: this.sign(name, access), expires_in: 300 }));
  }

  private sign(name: string, access: readonly Access[]): string {
    const now = Math.floor(Date.now() / 1000);
    const head = {
      typ: 'JWT',
      alg: 'RS256',
      x5c: [this.certificate.cert.replace(/-----[^-]+-----|\s/g, '')],
    };
    const times = { iat: now, nbf: now - 10, exp: now + 300 };
    const claims = { iss: this.issuer, aud: this.service, sub: name, jti: randomUUID(), ...times, access };
    const signed = [head, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(this.certificate.key, 'base64url')}`;
  }
}

function credentialsOf(header = ''): [string, string] {
  const text = Buffer.from(header.replace(/^Basic /, ''), 'base64').toString();
  const colon = text.indexOf(':');
  return [text.slice(0, Math.max(0, colon)), text.slice(colon + 1)];
}

/** `repository:acme/api:pull,push` */
function parseScope(scope: string): Access {
  const [type = '', name = '', actions = ''] = scope.split(':');
  return { type, name, actions: actions.split(',') };
}
