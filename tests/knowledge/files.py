"""Small files as dermatologists and attackers send them: PDF, DOCX, HTML, made without any writer's library."""

import io
import zipfile
import zlib
from collections.abc import Sequence
from xml.sax.saxutils import escape

_W = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
)


def text(words: str, size: int = 11, at: int = 700, before: str = "") -> str:
    """Operators that draw one line; `before` sets a colour or a mode."""
    plain = words.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"q BT {before} /F1 {size} Tf 1 0 0 1 72 {at} Tm ({plain}) Tj ET Q\n"


def pdf(
    pages: Sequence[str], picture: bool = False, encrypt: str = "", form: str = "", matrix: str = "[1 0 0 1 0 0]"
) -> bytes:
    """A PDF with the drawing operators of each page; `form` those of a form, drawn by /Fm1 and turned by `matrix`."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    drawn = " /XObject << /Im1 3 0 R >>" if picture else ""
    if form:
        frame = (
            f"/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Matrix {matrix} /Resources << /Font << /F1 3 0 R >> >>"
        )
        objects.append(f"<< {frame} /Length {len(form)} >>\nstream\n{form}\nendstream")
        drawn = f" /XObject << /Fm1 {len(objects)} 0 R >>"
    spot = "/ColorSpace << /Spot [/Separation /Ink /DeviceGray << /FunctionType 2 /Domain [0 1] /N 1 >>] >>"
    for operators in pages:
        stream = zlib.compress(operators.encode("latin-1"))
        packed = f"<< /Length {len(stream)} /Filter /FlateDecode >>\nstream\n{stream.decode('latin-1')}\nendstream"
        objects.append(packed)
        resources = f"<< /Font << /F1 3 0 R >>{drawn} {spot} >>"
        frame = "/Type /Page /Parent 2 0 R /MediaBox [0 0 612 792]"
        objects.append(f"<< {frame} /Resources {resources} /Contents {len(objects)} 0 R >>")
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    body, places = "%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    end = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    trailer = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF"
    plain = (body + end + trailer).encode("latin-1")
    return _locked(plain, encrypt) if encrypt else plain


def _locked(plain: bytes, password: str) -> bytes:
    from pypdf import PdfWriter

    writer = PdfWriter(clone_from=io.BytesIO(plain))
    writer.encrypt(password, algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def run(words: str, look: str = "") -> str:
    return f"<w:r><w:rPr>{look}</w:rPr><w:t>{escape(words)}</w:t></w:r>"


def paragraph(*runs: str, style: str = "") -> str:
    look = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{look}{''.join(runs)}</w:p>"


def docx(*blocks: str, document: str | None = None, styles: str = "", footnotes: str = "") -> bytes:
    """A DOCX of these blocks, or with this as its main part; with more styles, and with footnotes."""
    styles = (
        f"<w:styles {_W}>{styles}"
        f'<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>'
        f'<w:style w:type="paragraph" w:styleId="berschrift2"><w:name w:val="heading 2"/></w:style></w:styles>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as parts:
        main = document if document is not None else f"<w:document {_W}><w:body>{''.join(blocks)}</w:body></w:document>"
        parts.writestr("word/document.xml", main)
        parts.writestr("word/styles.xml", styles)
        if footnotes:
            parts.writestr("word/footnotes.xml", f"<w:footnotes {_W}>{footnotes}</w:footnotes>")
    return out.getvalue()
