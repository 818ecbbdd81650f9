"""Many threads on one run: every row whole, every step once, nothing lost."""

from pathlib import Path

from tests.processes import load, only_run, rows, run_script


def test_rows_of_many_threads_are_whole_and_each_has_a_step_of_its_own(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import sys, threading
        import runstore
        sys.setswitchinterval(1e-5)
        run = runstore.init(project="p")

        def work(who):
            for number in range(500):
                if number % 50 == 49:
                    runstore.log({"who": who, "number": number, "text": "x" * number, "nested": {"a": who}})
                else:
                    runstore.log({"who": who, "number": number})

        threads = [threading.Thread(target=work, args=(who,)) for who in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        """,
    )
    assert done.returncode == 0, done.stderr
    run = only_run(tmp_path)
    found = rows(run)
    assert [row["_step"] for row in found] == list(range(4000))
    for who in range(8):
        assert [row["number"] for row in found if row["who"] == who] == list(range(500))
    assert load(run / "summary.json")["_step"] == 3999


def test_config_summary_tables_and_output_of_many_threads_are_all_kept(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        """
        import threading
        import runstore
        run = runstore.init(project="p")

        def work(who):
            for number in range(10):
                run.config[f"c{who}_{number}"] = number
                run.summary[f"s{who}_{number}"] = number
                run.log({f"t{who}": runstore.Table(columns=["a"], data=[[who * 100 + number]])})
                print(f"{who} {number} end\\n", end="")

        threads = [threading.Thread(target=work, args=(who,)) for who in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        """,
    )
    assert done.returncode == 0, done.stderr
    run = only_run(tmp_path)
    names = [f"{who}_{number}" for who in range(6) for number in range(10)]
    summary = load(run / "summary.json")
    config = (run / "config.yaml").read_text()
    assert all(summary[f"s{name}"] == int(name[2:]) for name in names)
    assert all(f"c{name}: {name[2:]}\n" in config for name in names)
    stubs = [row[key] for row in rows(run) for key in row if key.startswith("t") and key[1:].isdigit()]
    assert len(stubs) == 60
    assert sorted(load(run / stub["path"])["data"][0][0] for stub in stubs) == sorted(
        who * 100 + number for who in range(6) for number in range(10)
    )
    assert sorted((run / "output.log").read_text().splitlines()) == sorted(
        f"{name.replace('_', ' ')} end" for name in names
    )
