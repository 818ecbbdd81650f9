"""What a CI service is told: check every run, build the site, publish it from the main branch."""

from typing import Final

GITHUB: Final = """\
name: Runs
on:
  push:
    branches: [main]
  pull_request:
permissions:
  contents: read
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          lfs: true
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: pip install runstore
      - run: runstore verify
      - run: runstore build -o _site
  publish:
    needs: check
    if: github.event_name == 'push'
    runs-on: ubuntu-latest
    permissions:
      contents: write
    concurrency: publish
    steps:
      - uses: actions/checkout@v4
        with:
          lfs: true
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: pip install runstore
      - run: runstore publish --branch gh-pages
"""

GITLAB: Final = """\
default:
  image: python:3.12
  before_script:
    - pip install runstore

check:
  stage: test
  script:
    - runstore verify
    - runstore build -o _site

pages:
  stage: deploy
  script:
    - runstore publish --to public --url "$CI_PAGES_URL"
  artifacts:
    paths: [public]
  rules:
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
"""
