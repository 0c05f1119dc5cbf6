# The daily commands: `just` lists them, `just NAME` runs one. `cargo install just` or the package `just` brings it.

# lists the commands
default:
    @just --list --unsorted

# what each commit has to pass: format, lints, and the unit tests with NAME in their path
check *NAME:
    cargo fmt --check
    cargo clippy --quiet --all-targets --locked -- -D warnings
    cargo test --quiet --lib --locked {{NAME}}

# the tests of one module of a test program, such as `just test it policy::`
test PROGRAM *MODULE:
    cargo test --locked --test {{PROGRAM}} {{MODULE}}

# all that runs with cargo alone
alone:
    cargo test --locked

# all checks; installs the servers that the tests compare with
all:
    tests/run

# made-up hosts of a SERVER (nginx, apache), asked on the real one
hosts SERVER NUMBER="300" SEED="1":
    TLSMEND_SEED={{SEED}} TLSMEND_HOSTS={{NUMBER}} \
        cargo test --release --locked --test real generated_{{SERVER}}:: -- --nocapture

# the program on a sample host
try *ARGUMENTS="audit --root fixtures/hosts/debian":
    cargo run --quiet --locked -- {{ARGUMENTS}}

# numbers about the source of a COMMIT beside those of this checkout
count *COMMIT:
    tests/count {{COMMIT}}

# writes the schema of NAME anew: `policy`, `audit`, `why`
schema NAME:
    cargo run --quiet --locked -- schema {{NAME}} > docs/schemas/{{NAME}}.json.new
    mv docs/schemas/{{NAME}}.json.new docs/schemas/{{NAME}}.json

# the documentation of the library, as a page
doc:
    cargo doc --no-deps --locked --open
