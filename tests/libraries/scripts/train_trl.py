"""A tiny language model, supervised, by TRL; its model and tokenizer are made here."""

import sys

from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import SFTConfig, SFTTrainer

if sys.argv[1] == "runstore":
    import runstore.integrations.transformers  # noqa: F401 - makes the name known to transformers

words = ["[PAD]", "[UNK]", "[EOS]", "a", "cat", "dog", "sat", "ran"]
tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
fast = PreTrainedTokenizerFast(
    tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", eos_token="[EOS]", model_max_length=8
)
SMALL = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
model = LlamaForCausalLM(
    LlamaConfig(vocab_size=len(words), num_key_value_heads=1, eos_token_id=2, pad_token_id=0, **SMALL)
)
data = Dataset.from_dict({"text": ["a cat sat", "a dog ran"] * 4})
arguments = SFTConfig(
    output_dir="out",
    num_train_epochs=2,
    per_device_train_batch_size=4,
    max_length=8,
    logging_steps=1,
    eval_strategy="epoch",
    save_strategy="no",
    report_to=sys.argv[1],
    run_name="tiny words",
    use_cpu=True,
    bf16=False,
    disable_tqdm=True,
)
SFTTrainer(model, arguments, train_dataset=data, eval_dataset=data, processing_class=fast).train()
