# shellcheck shell=sh
# Migrations: Jobs, named by their content and this image, so that each is done once.

check_migration() { # up|down <migration>
  file=$WORK/gitops/migrations/$2/$1.yaml
  [ -f "$file" ] || fail "the migration $2 has no $1.yaml" 'write it; migrations/README.md says how'
}

migrate() { # up|down <migration>
  check_migration "$1" "$2"
  content=$(digest <"$file") job=$2-$({ echo "$GITOPS_SITE $1 $GITOPS_ROOT" && cat "$file"; } | digest)
  cp "$file" "$WORK/render/migration.yaml"
  kustomize migration.yaml >"$WORK/migration.yaml" <<END || fail "the migration $2 cannot be rendered"
namespace: $GITOPS_NAMESPACE
labels:
- includeTemplates: true
  pairs: {gitops.dev/site: "$GITOPS_SITE", gitops.dev/migration: "$2", gitops.dev/direction: "$1", gitops.dev/content: "$content"}
END
  sed "/^metadata:/,/^[a-z]/ s/^  name:.*/  name: $job/" "$WORK/migration.yaml" >"$WORK/job.yaml"
  [ "$(identify <"$WORK/job.yaml")" = "Job.batch $GITOPS_NAMESPACE $job batch/v1" ] ||
    fail "the migration $2 is not just one Job in its $1.yaml" 'make it one'
  # Of the two ways, the one that has a Job is the one that was gone last.
  kube delete jobs -l "gitops.dev/site=$GITOPS_SITE,gitops.dev/migration=$2,gitops.dev/direction!=$1" >/dev/null ||
    fail "the Jobs of the migration $2 cannot be removed"
  say "migrates $1: $2"
  run_job "$job" "$GITOPS_TIMEOUT" || fail "the migration $2 failed" 'mend what its log above says, and run it again'
  record "$1" "$2" "$content" && save_inventory
}

# Runs the Job in job.yaml. One that is there already is only waited for, unless it failed in an earlier run.
run_job() { # <job> <seconds>
  await Job.batch "$GITOPS_NAMESPACE" "$1" 0 || :
  case $said in *Failed*) kube delete job "$1" >/dev/null && said='' ;; esac
  [ -n "$said" ] || kube create -f "$WORK/job.yaml" >/dev/null || fail "the Job $1 cannot be made"
  await Job.batch "$GITOPS_NAMESPACE" "$1" "$(within "$2")" || { explain Job.batch "$GITOPS_NAMESPACE" "$1" && return 1; }
}

record() { # up|down <migration> <content>
  awk -v migration="$2" '$1 != migration' "$WORK/migrations" >"$WORK/others"
  { cat "$WORK/others" && { [ "$1" = down ] || echo "$2 $3"; }; } >"$WORK/migrations"
}

# The Jobs of a run that was killed go on without it: they are waited for, and what they did is recorded.
settle() {
  site=gitops.dev/site=$GITOPS_SITE
  jobs=$(kube get jobs -l "$site" -o 'jsonpath={.items[*].metadata.name}') || fail 'the Jobs of migrations cannot be read'
  for job in $jobs; do
    await Job.batch "$GITOPS_NAMESPACE" "$job" "$(within "$GITOPS_TIMEOUT")" || case $said in
      '' | *Failed*) ;;
      *) fail "the Job $job of an earlier run does not end" 'see why, or delete it, and run it again' ;;
    esac
  done
  kube delete jobs -l "$site,!gitops.dev/migration" >/dev/null || fail 'the Jobs of earlier runs cannot be removed'
  read_inventory
  label='.metadata.labels.gitops\.dev/'
  kube get jobs -l "$site" --sort-by=.metadata.creationTimestamp -o "jsonpath={range .items[?(@.status.completionTime)]}\
{${label}direction} {${label}migration} {${label}content}{'\\n'}{end}" >"$WORK/settled"
  while read -r direction migration content; do record "$direction" "$migration" "$content"; done <"$WORK/settled"
}

# Migrations that are done and that this release does not have: the newer root image undoes them.
downgrade() {
  known='' unknown='' count=0
  while read -r migration content; do
    file=$WORK/gitops/migrations/$migration/up.yaml
    [ -f "$file" ] || { unknown="$unknown $migration" count=$((count + 1)) && continue; }
    known="$known, \"$migration\""
    [ "$(digest <"$file")" = "$content" ] ||
      fail "the migration $migration was changed after it was done" 'put it back, and write a new one'
  done <"$WORK/migrations"
  [ -n "$unknown" ] || return 0
  newer=$(cat "$WORK/root") job=$NAME-down-$(digest <"$WORK/root") secret=''
  [ -z "${GITOPS_PULL_SECRET:-}" ] || secret="{name: $GITOPS_PULL_SECRET}"
  say "has $newer undo$unknown"
  cat >"$WORK/job.yaml" <<END
apiVersion: batch/v1
kind: Job
metadata: {name: $job, labels: {gitops.dev/site: "$GITOPS_SITE"}}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      serviceAccountName: $GITOPS_SERVICE_ACCOUNT
      automountServiceAccountToken: true
      imagePullSecrets: [$secret]
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      volumes: [{name: tmp, emptyDir: {}}]
      containers:
      - name: reconcile
        image: $newer
        args: [down$known]
        securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
        volumeMounts: [{name: tmp, mountPath: /tmp}]
        env:
        - {name: GITOPS_SITE, value: "$GITOPS_SITE"}
        - {name: GITOPS_NAMESPACE, value: "$GITOPS_NAMESPACE"}
        - {name: GITOPS_ROOT, value: "$newer"}
        - {name: GITOPS_TIMEOUT, value: "$GITOPS_TIMEOUT"}
        - {name: GITOPS_PULL_SECRET, value: "${GITOPS_PULL_SECRET:-}"}
END
  run_job "$job" $((GITOPS_TIMEOUT * (count + 1))) ||
    fail "$newer could not undo$unknown" 'mend what its log above says, and run it again'
  kube logs "job/$job" >&2 || :
  read_inventory
}
