# What the acts of the demo share; each reads it with `source` at the repository's root. It prepares .demo/, takes it and the
# sandbox in it away at the end, and shows both where a step fails.
root=$PWD
work=$root/.demo
rm -rf "$work"
mkdir -p "$work"
export PATH="$root/bin:$root/.tools/bin:$PATH"
export HOME=$work
unset KUBECONFIG
sandbox=$work/sandbox
started=$(date +%s)

finish() {
  code=$?
  kubectl kratix sandbox down --dir "$sandbox" >/dev/null 2>&1 || true
  if [ $code -eq 0 ]; then rm -rf "$work"; else
    [ -f "$sandbox/sandbox.log" ] && { echo; echo "The end of the sandbox's log:"; tail -n 20 "$sandbox/sandbox.log"; } >&2
    echo "The demo failed (exit code $code); its folder is $work" >&2
  fi
  exit $code
}
trap finish EXIT

step() { printf '\n\033[1m== %s\033[0m\n' "$1"; }
[ -t 1 ] || step() { printf '\n== %s\n' "$1"; }

# run CODE COMMAND...: prints the command and its output; the exit code must be CODE.
output=
run() {
  local expected=$1 code=0
  shift
  printf '\n$ %s\n' "${*//$root\//}"
  output=$(bash -c "$*" 2>&1) || code=$?
  printf '%s\n' "$output"
  [ $code -eq "$expected" ] || { echo "exit code $code where $expected is expected" >&2; return 1; }
}

# expect PATTERN...: the last output must match each (extended regular expression).
expect() {
  for pattern in "$@"; do
    grep -Eq -- "$pattern" <<<"$output" || { echo "the output does not match: $pattern" >&2; return 1; }
  done
}
