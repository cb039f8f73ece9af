/** `my_api` → `my-api`: what Kubernetes takes for a name. */
export function resourceName(image: string): string {
  return image.replace(/[^a-z0-9]+/g, '-');
}

/**
 * A Deployment of an image, as a start.
 * @param reference the image's name without a version, which the release pins: `acme/shop/api`
 */
export function deployment(image: string, reference: string): string {
  const name = resourceName(image);
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
spec:
  # Without a readiness probe, a container is ready as soon as it has started.
  minReadySeconds: 5
  selector:
    matchLabels:
      app.kubernetes.io/name: ${name}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: ${name}
    spec:
      automountServiceAccountToken: false
      containers:
        - name: ${name}
          # The release says which version this is.
          image: ${reference}
          securityContext:
            allowPrivilegeEscalation: false
`;
}

/** Whether a manifest runs an image, in whatever version. */
export function runs(manifest: string, reference: string): boolean {
  const escaped = reference.replace(/[.]/g, '\\$&');
  return new RegExp(`\\bimage:\\s*["']?${escaped}(?=["'@:\\s]|$)`).test(manifest);
}
