"""All providers that settings name are registered."""

import inspect

from backfill.live.embedders import EMBEDDERS, EmbedderSettings


def test_every_provider_that_settings_name_is_registered() -> None:
    described = str(EmbedderSettings.model_fields["provider"].description)
    assert sorted(described.replace(" or ", ", ").split(", ")) == list(EMBEDDERS)


def test_every_setting_says_what_it_is() -> None:
    for provider in EMBEDDERS.values():
        assert inspect.getdoc(provider.settings)
        for name, field in provider.settings.model_fields.items():
            assert name == "provider" or field.description
