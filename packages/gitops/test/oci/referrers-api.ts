import { sha256 } from '../../src/oci/digest';
import { OCI } from '../../src/oci/media-types';
import type { Descriptor, Manifest } from '../../src/oci/types';
import { blob } from './fixtures';
import { fail, json } from './scripted-registry';
import type { Answer, Asked, ScriptedRegistry } from './scripted-registry';

export interface ReferrersApi {
  /** Whether it filters by artifactType itself. */
  readonly filters?: boolean;
  /** How many entries a page has. */
  readonly pageSize?: number;
}

/** Makes of a scripted registry one that takes content, and lists what refers to a manifest (distribution-spec 1.1). */
export function withReferrersApi(server: ScriptedRegistry, { filters, pageSize = 2 }: ReferrersApi): void {
  const referrers = new Map<string, Descriptor[]>();

  const put: Answer = (request, response) => {
    const bytes = Buffer.from(request.body, 'latin1');
    const type = request.headers['content-type']!;
    const one = blob(bytes, type);
    server.hold(one);
    if (!request.path.includes('/manifests/')) return fail(201)(request, response);
    const { subject, artifactType, annotations } = JSON.parse(bytes.toString('utf8')) as Manifest;
    if (!subject) return fail(201)(request, response);
    const known = (referrers.get(subject.digest) ?? []).filter(({ digest }) => digest !== sha256(bytes));
    referrers.set(subject.digest, [...known, { ...one.descriptor, artifactType, annotations }]);
    return fail(201, { 'oci-subject': subject.digest })(request, response);
  };

  const list: Answer = (request, response) => {
    const { pathname, searchParams } = new URL(request.path, 'http://x');
    const wanted = searchParams.get('artifactType');
    const all = (referrers.get(pathname.slice(pathname.lastIndexOf('/') + 1)) ?? []).filter(
      ({ artifactType }) => !filters || artifactType === wanted,
    );
    const end = Number(searchParams.get('at') ?? 0) + pageSize;
    searchParams.set('at', String(end));
    return json(
      { schemaVersion: 2, mediaType: OCI.index, manifests: all.slice(end - pageSize, end) },
      {
        'content-type': OCI.index,
        ...(filters ? { 'oci-filters-applied': 'artifactType' } : {}),
        ...(end < all.length ? { link: `<${pathname}?${searchParams}>; rel="next"` } : {}),
      },
    )(request, response);
  };

  server.always((request: Asked, response) => {
    if (request.path.includes('/referrers/')) return list(request, response);
    if (request.method === 'POST') return fail(202, { location: '/upload' })(request, response);
    if (request.method === 'PUT') return put(request, response);
    return server.serve(request, response);
  });
}
