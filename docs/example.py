import abstain

folder = abstain.released_checkpoint("resnet20_cifar10_ls") / "logits"  # or your own, from abstain.write_logits
logits, labels = abstain.read_logits(folder, "test")
report = abstain.evaluate_logits(logits, labels, validation=abstain.read_logits(folder, "validation"))
print(report.to_markdown())

confidence = report.logit_norm.score(logits)  # what to compare with a threshold in place of the softmax maximum
error = abstain.scores.classification_error(logits, labels)
print(f"{abstain.coverage_at_risk(confidence, error, target_risk=0.02):.1%} can be answered with at most 2 % errors")
