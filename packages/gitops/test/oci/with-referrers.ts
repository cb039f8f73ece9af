import { contentOf, readAll } from '../../src/oci/content';
import { describe } from '../../src/oci/manifest';
import { OCI } from '../../src/oci/media-types';
import type { Descriptor, Manifest } from '../../src/oci/types';
import type { Fault } from './fault-proxy';

/** For all requests: the registry seems to list what refers to a manifest (distribution-spec, "Listing Referrers"). */
export function withReferrers(): Fault {
  const referrers = new Map<string, Descriptor[]>();
  return {
    name: 'lists referrers',
    async apply(request, next) {
      const [, listed] = /\/referrers\/([^?]+)/.exec(request.path) ?? [];
      if (listed !== undefined) {
        const body = JSON.stringify({ schemaVersion: 2, manifests: referrers.get(listed) ?? [] });
        const headers = { 'content-type': OCI.index, 'content-length': Buffer.byteLength(body) };
        return { status: 200, headers, body: contentOf(body) };
      }
      if (request.method !== 'PUT' || request.kind !== 'manifest') return next(request);
      const bytes = await readAll(request.body);
      const { subject, artifactType } = JSON.parse(bytes.toString()) as Manifest;
      const answer = await next({ ...request, body: contentOf(bytes) });
      if (!subject) return answer;
      const one = { ...describe({ mediaType: OCI.manifest, bytes }), artifactType };
      referrers.set(subject.digest, [...(referrers.get(subject.digest) ?? []), one]);
      return { ...answer, headers: { ...answer.headers, 'oci-subject': subject.digest } };
    },
  };
}
