"""An artifact as data: its versions with their files, and the runs that made and used each."""

from typing import Any

from sitegen import urls
from sitegen.documents.writing import document, present, to_project
from sitegen.pages.artifacts import ArtifactPage, VersionView
from sitegen.pages.context import Link


def artifact_document(page: ArtifactPage) -> bytes:
    """The document beside an artifact's page, which has its versions, the newest first."""
    body = {
        "name": page.name,
        "type": page.type,
        **to_project(page.project, page.path),
        "versions": [_version(each) for each in page.versions],
    }
    return document("artifact", f"{page.project}/artifacts/{page.name}", body)


def _version(each: VersionView) -> dict[str, Any]:
    return {
        "version": each.version,
        "digest": each.digest,
        "size": each.size,
        **present(
            aliases=list(each.aliases),
            tags=list(each.tags),
            created=each.created,
            expires=each.expires,
            source=each.source,
            metadata=dict(each.metadata),
            made_by=_link(each.run) if each.run else None,
            used_by=[_link(run) for run in each.used_by],
        ),
        "files": [{"path": file.path, **present(size=file.size), "digest": file.digest} for file in each.files],
        "file_count": each.file_count,
    }


def _link(run: Link) -> dict[str, Any]:
    return {"name": run.name, **present(href=urls.document(run.href) if run.href else None)}
