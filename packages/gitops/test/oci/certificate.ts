import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A key and a certificate that it signs itself, for this machine, as files and in PEM form. */
export interface Certificate {
  readonly directory: string;
  readonly keyFile: string;
  readonly certFile: string;
  readonly key: string;
  readonly cert: string;
  remove(): void;
}

/** Made by the program openssl: Node makes keys, but no certificates. */
export function makeCertificate(): Certificate {
  const directory = mkdtempSync(join(tmpdir(), 'gitops-tls-'));
  const [keyFile, certFile] = [join(directory, 'key.pem'), join(directory, 'ca.crt')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2']
      .concat(['-keyout', keyFile, '-out', certFile])
      .concat(subject),
    { stdio: 'ignore' },
  );
  return {
    directory,
    keyFile,
    certFile,
    key: readFileSync(keyFile, 'utf8'),
    cert: readFileSync(certFile, 'utf8'),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
