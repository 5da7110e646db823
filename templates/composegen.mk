# The targets of this project: `make help` lists them. Each one is a script in composegen.d/run.
#
# Where target names clash with those of an existing Makefile, set COMPOSEGEN_PREFIX before the
# include, for example COMPOSEGEN_PREFIX = stack-  (make stack-up).

COMPOSEGEN_PREFIX ?=
COMPOSEGEN_HELP ?=
_composegen := sh "$(dir $(lastword $(MAKEFILE_LIST)))composegen.d/run/
_composegen_targets := $(addprefix $(COMPOSEGEN_PREFIX),help up down start stop restart ps logs pull update \
    deploy rollback dirs config build push destroy)

ifeq ($(.DEFAULT_GOAL),)
.DEFAULT_GOAL := $(COMPOSEGEN_PREFIX)help
endif
# A Makefile with a help of its own sets COMPOSEGEN_HELP = no.
ifneq ($(COMPOSEGEN_HELP),no)
$(COMPOSEGEN_PREFIX)help: ## List the targets.
	@$(_composegen)help.sh" "$(COMPOSEGEN_PREFIX)"
endif

.PHONY: $(_composegen_targets)

# make -j build push: one after the other all the same, in the order in which they are asked for.
_composegen_order = $(if $(2),$(if $(filter $(firstword $(2)),$(1)),,$(if $(1),$(eval \
    $(firstword $(2)): | $(lastword $(1)))))$(call _composegen_order,$(1) $(firstword $(2)),$(wordlist 2,99,$(2))))
$(call _composegen_order,,$(filter $(_composegen_targets),$(MAKECMDGOALS)))

$(COMPOSEGEN_PREFIX)up: ## Start everything that changed, and wait until it is ready.
	@$(_composegen)up.sh"
$(COMPOSEGEN_PREFIX)down: ## Stop and remove the containers; volumes and folders stay.
	@$(_composegen)down.sh"
$(COMPOSEGEN_PREFIX)start: ## Start one service, also a manual one: make start SERVICE=name
	@$(_composegen)start.sh"
$(COMPOSEGEN_PREFIX)stop: ## Stop one service and remove its containers: make stop SERVICE=name
	@$(_composegen)stop.sh"
$(COMPOSEGEN_PREFIX)restart: ## Restart everything, or one service: make restart SERVICE=name
	@$(_composegen)restart.sh"
$(COMPOSEGEN_PREFIX)ps: ## List the containers.
	@$(_composegen)ps.sh"
$(COMPOSEGEN_PREFIX)logs: ## Show logs, of all or one: make logs SERVICE=name
	@$(_composegen)logs.sh"
$(COMPOSEGEN_PREFIX)pull: ## Pull newer images, for the next `make up` to start.
	@$(_composegen)pull.sh"
$(COMPOSEGEN_PREFIX)update: ## Let watchtower look for new images now.
	@$(_composegen)update.sh"
$(COMPOSEGEN_PREFIX)deploy: ## Roll out what changed without losing a request.
	@$(_composegen)deploy.sh" deploy
$(COMPOSEGEN_PREFIX)rollback: ## Go back to the release before: make rollback SERVICE=name
	@$(_composegen)deploy.sh" rollback
$(COMPOSEGEN_PREFIX)dirs: ## Create folders and volumes with their owners and modes.
	@$(_composegen)dirs.sh"
$(COMPOSEGEN_PREFIX)config: ## Print the compose file with all values filled in (secrets of .env too).
	@$(_composegen)config.sh"
$(COMPOSEGEN_PREFIX)build: ## Build the images of this project.
	@$(_composegen)build.sh" build
$(COMPOSEGEN_PREFIX)push: ## Push the images to the registry.
	@$(_composegen)build.sh" push
$(COMPOSEGEN_PREFIX)destroy: ## Delete containers, volumes and folders, after asking; ALL=1: certificates too.
	@$(_composegen)destroy.sh"
