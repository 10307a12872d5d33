"""What is planted: words that stand nowhere else, and a photo that can be recognised in any bytes."""

import io

from PIL import Image

PLANTED = "zwetschgenkraut"
"""Long enough that no encoding of it comes about by chance."""


def photo_with_words(words: str, size: int = 900) -> bytes:
    """A JPEG of a sharp, skin-coloured field with a spot, which says `words` in its EXIF and its comment.

    Its texture differs from every other photo's, so that windows of its bytes are like no others.
    """
    import random

    seed = random.Random(words)
    image = Image.new("RGB", (size, size), (224, 172, 150))
    image = Image.blend(image, Image.effect_noise((size, size), 60).convert("RGB"), 0.25)
    spot = Image.effect_noise((size // 5, size // 5), 90).convert("RGB")
    spot = Image.blend(spot, Image.new("RGB", spot.size, (92, 58, 40)), 0.8)
    image.paste(spot, (size // 2 - seed.randrange(60), size // 2 - seed.randrange(60)))
    exif = Image.Exif()
    exif[0x010E] = words  # ImageDescription
    exif[0x013B] = words  # Artist
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90, exif=exif, comment=words.encode())
    return file.getvalue()
