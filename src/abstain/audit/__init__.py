"""What is wrong with a model, why, and what to do about it.

Each name is imported when it is first used.
"""

from typing import TYPE_CHECKING

from abstain._lazy import lazy_names

if TYPE_CHECKING:
    from abstain.audit.audit import Audit, audit_predictions, check_settings
    from abstain.audit.comparison import Beside, compare
    from abstain.audit.decisions import Decision
    from abstain.audit.diagnosis import Diagnosis, diagnose
    from abstain.audit.equal_confidence import normalization_at_equal_msp, partial_correlation
    from abstain.audit.estimate import Estimate
    from abstain.audit.folder import AUDIT_FILES, how_made, write_audit
    from abstain.audit.images_of_pixels import Images, OfImages, whole_images
    from abstain.audit.kept_logits import Kept
    from abstain.audit.mechanism import predicted_suppression, suppression_gradient
    from abstain.audit.per_group import OfGroup
    from abstain.audit.running import Data, Run, run_model
    from abstain.audit.score_gains import ScoreGain
    from abstain.audit.shift import OfSource, Others, Shift, of_sources
    from abstain.audit.stored import class_names_beside
    from abstain.audit.suppression_over_seeds import SuppressionOverSeeds, suppression
    from abstain.audit.words import Section, parts_of

__all__ = [
    "AUDIT_FILES",
    "Audit",
    "Beside",
    "Data",
    "Decision",
    "Diagnosis",
    "Estimate",
    "Images",
    "Kept",
    "OfGroup",
    "OfImages",
    "OfSource",
    "Others",
    "Run",
    "ScoreGain",
    "Section",
    "Shift",
    "SuppressionOverSeeds",
    "audit_predictions",
    "check_settings",
    "class_names_beside",
    "compare",
    "diagnose",
    "how_made",
    "normalization_at_equal_msp",
    "of_sources",
    "partial_correlation",
    "parts_of",
    "predicted_suppression",
    "run_model",
    "suppression",
    "suppression_gradient",
    "whole_images",
    "write_audit",
]

__getattr__ = lazy_names(
    __name__,
    {
        "audit": ["Audit", "audit_predictions", "check_settings"],
        "comparison": ["Beside", "compare"],
        "decisions": ["Decision"],
        "diagnosis": ["Diagnosis", "diagnose"],
        "equal_confidence": ["normalization_at_equal_msp", "partial_correlation"],
        "estimate": ["Estimate"],
        "folder": ["AUDIT_FILES", "how_made", "write_audit"],
        "images_of_pixels": ["Images", "OfImages", "whole_images"],
        "kept_logits": ["Kept"],
        "mechanism": ["predicted_suppression", "suppression_gradient"],
        "per_group": ["OfGroup"],
        "running": ["Data", "Run", "run_model"],
        "score_gains": ["ScoreGain"],
        "shift": ["OfSource", "Others", "Shift", "of_sources"],
        "stored": ["class_names_beside"],
        "suppression_over_seeds": ["SuppressionOverSeeds", "suppression"],
        "words": ["Section", "parts_of"],
    },
)
