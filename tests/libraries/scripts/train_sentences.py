"""Tiny sentence embeddings by sentence-transformers; its model and tokenizer are made here."""

import sys

from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.losses import CosineSimilarityLoss
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

if sys.argv[1] == "runstore":
    import runstore.integrations.transformers  # noqa: F401 - makes the name known to transformers

words = ["[PAD]", "[UNK]", "a", "cat", "dog", "sat", "ran"]
tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]").save_pretrained("bert")
SMALL = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
BertModel(BertConfig(vocab_size=len(words), max_position_embeddings=8, **SMALL)).save_pretrained("bert")
embedding = Transformer("bert")
model = SentenceTransformer(modules=[embedding, Pooling(8)], device="cpu")
data = Dataset.from_dict(
    {"sentence1": ["a cat sat", "a dog ran"] * 4, "sentence2": ["a cat", "a cat sat"] * 4, "score": [1.0, 0.2] * 4}
)
arguments = SentenceTransformerTrainingArguments(
    output_dir="out",
    num_train_epochs=2,
    per_device_train_batch_size=4,
    logging_steps=1,
    eval_strategy="epoch",
    save_strategy="no",
    report_to=sys.argv[1],
    run_name="tiny sentences",
    use_cpu=True,
    disable_tqdm=True,
)
SentenceTransformerTrainer(
    model, arguments, train_dataset=data, eval_dataset=data, loss=CosineSimilarityLoss(model)
).train()
