import os
import re
import subprocess
import sys

import pytest
import yaml
from accelerate import FullyShardedDataParallelPlugin
from accelerate.commands.config.config_args import load_config_from_file
from accelerate.commands.launch import _validate_launch_command, launch_command_parser
from accelerate.utils.launch import prepare_multi_gpu_env

NAMES = ["fsdp2", "one_gpu", "processors", "several_gpus", "several_nodes"]


@pytest.fixture
def folder(root):
    return root / "training_scripts" / "accelerate_configs"


def launched(folder, name, *options):
    """What `accelerate launch` understands of its options and of the file."""
    args = launch_command_parser().parse_args(["--config_file", str(folder / f"{name}.yaml"), *options, "script.py"])
    return _validate_launch_command(args)[0]


def test_there_is_a_file_for_each_way_to_start(folder):
    assert sorted(path.stem for path in folder.iterdir()) == NAMES


@pytest.mark.parametrize(
    ("name", "kind", "processes", "machines", "cpu"),
    [
        ("one_gpu", "NO", 1, 1, False),
        ("several_gpus", "MULTI_GPU", 8, 1, False),
        ("fsdp2", "FSDP", 8, 1, False),
        ("several_nodes", "MULTI_GPU", 32, 4, False),
        ("processors", "NO", 1, 1, True),
    ],
)
def test_accelerate_reads_each_file_as_it_is_meant(folder, name, kind, processes, machines, cpu):
    config = load_config_from_file(str(folder / f"{name}.yaml"))
    assert (config.distributed_type.value, config.num_processes, config.num_machines) == (kind, processes, machines)
    assert config.use_cpu is cpu and config.mixed_precision is None, "precision is the recipe's"
    args = launched(folder, name)
    assert (args.num_processes, args.num_machines, args.use_cpu) == (processes, machines, cpu)
    assert (args.multi_gpu, args.use_fsdp) == (kind == "MULTI_GPU", kind == "FSDP")
    assert all(key in vars(args) for key in config.fsdp_config), "a key that no option has would be passed over"


@pytest.mark.parametrize("name", NAMES)
def test_the_lines_in_the_header_name_what_is_there(root, folder, name):
    text = (folder / f"{name}.yaml").read_text()
    paths = re.findall(r"training_scripts/[\w/.]+", text)
    assert f"--config_file training_scripts/accelerate_configs/{name}.yaml" in text
    assert len(paths) >= 2 and all((root / path).is_file() for path in paths)
    assert ("torchrun --nproc_per_node 2" in text) == (name == "processors")


def test_options_win_over_a_file(folder):
    args = launched(
        folder, "several_nodes", "--machine_rank", "3", "--main_process_ip", "10.0.0.1", "--num_processes", "16"
    )
    assert (args.machine_rank, args.main_process_ip, args.num_processes) == (3, "10.0.0.1", 16)


def test_one_gpu_is_all_that_a_process_sees(folder):
    assert launched(folder, "one_gpu").gpu_ids == "0"
    assert launched(folder, "several_gpus").gpu_ids == "all"


def test_the_plugin_for_sharded_models_is_made_of_the_file(folder, monkeypatch):
    layer = ["--fsdp_transformer_layer_cls_to_wrap", "BertLayer"]
    for name, value in prepare_multi_gpu_env(launched(folder, "fsdp2", *layer)).items():
        if name.startswith(("FSDP_", "ACCELERATE_")):
            monkeypatch.setenv(name, value)
    plugin = FullyShardedDataParallelPlugin()
    assert plugin.fsdp_version == 2 and plugin.reshard_after_forward is True
    assert plugin.auto_wrap_policy.__name__ == "transformer_auto_wrap_policy"
    assert plugin.transformer_cls_names_to_wrap == ["BertLayer"]
    assert "FULL_STATE_DICT" in str(plugin.state_dict_type)


WHERE = "from accelerate import PartialState as P; print(P().num_processes, P().device, flush=True)"


def test_one_process_on_processors_is_started(folder, tmp_path):
    (tmp_path / "where.py").write_text(WHERE)
    config = str(folder / "processors.yaml")
    command = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", config, str(tmp_path / "where.py")]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["1", "cpu"]
    assert yaml.safe_load((folder / "processors.yaml").read_text())["distributed_type"] == "NO", "and not false"
