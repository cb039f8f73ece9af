# shellcheck shell=sh
# The lock, so that no two runs mix: a Lease. Who writes it names the version that was read, so that of two who write at
# once only one succeeds. It is renewed in the background; when that stops, the next run takes it over.

# So that a cluster may be out of reach for most of that time, and the run goes on.
LEASE_SECONDS=60

write_lease() { # create|replace <version> <holder>
  kube "$1" -f - >/dev/null 2>"$WORK/lease" <<END
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: "$NAME", resourceVersion: "$2"}
spec: {holderIdentity: "$3", leaseDurationSeconds: $LEASE_SECONDS, renewTime: "$(date -u +%Y-%m-%dT%H:%M:%S.000000Z)"}
END
}

read_lease() {
  lease=$(kube get lease "$NAME" --ignore-not-found \
    -o 'jsonpath={.metadata.resourceVersion} {.spec.holderIdentity}') || return
  version=${lease%% *} holder=${lease#* }
}

lock() {
  end=$(within "$GITOPS_TIMEOUT") seen='' stale='' told=''
  while read_lease || fail "the lock $NAME cannot be read"; do
    # A holder that is gone renews nothing: that shows without comparing clocks.
    [ "$version" = "$seen" ] || { seen=$version && stale=$(within $LEASE_SECONDS); }
    if [ -z "$holder" ] || [ "$holder" = "$GITOPS_HOLDER" ] || is_past "$stale"; then
      how=create && [ -z "$version" ] || how=replace
      ! write_lease $how "$version" "$GITOPS_HOLDER" || break
      grep -Eq 'AlreadyExists|Conflict' "$WORK/lease" || { cat "$WORK/lease" >&2 && fail "the lock $NAME cannot be taken"; }
    elif [ -z "$told" ]; then
      told=yes && say "waits for $holder, which holds the lock $NAME"
    fi
    ! is_past "$end" || fail "$holder holds the lock $NAME" 'wait until it is done, and run it again'
    sleep 1
  done
  keep_lock &
  keeper=$!
}

keep_lock() {
  # A call that hangs must not keep it from seeing that it is late. With --request-timeout, kubectl in a pod does not
  # find its cluster.
  # shellcheck disable=SC2034 # kube takes it.
  ! command -v timeout >/dev/null || limit='timeout 10'
  stale=$(within $((LEASE_SECONDS - 10)))
  while sleep 5 >/dev/null 2>&1 && kill -0 $$; do
    if read_lease 2>/dev/null; then
      if [ "$holder" != "$GITOPS_HOLDER" ]; then
        stale=0
      elif write_lease replace "$version" "$holder"; then
        stale=$(within $((LEASE_SECONDS - 10)))
      fi
    fi
    ! is_past "$stale" || { say "the lock $NAME is lost; run it again" && kill -TERM $$ && return; }
  done
}

unlock() {
  kill "$keeper" 2>/dev/null || :
  # Again, where a last renewal came in between.
  for _ in 1 2 3; do
    read_lease && [ "$holder" = "$GITOPS_HOLDER" ] && ! write_lease replace "$version" '' || return 0
  done
}
