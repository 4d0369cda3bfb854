/*
 * Which function answers which call.
 */
#include "api_impl.h"

api_op *const api_ops[OPS] = {
    [OP_HEALTH] = api_health,
    [OP_ABOUT] = api_about,
    [OP_AGENT_REGISTER] = api_agent_register,
    [OP_AGENT_LIST] = api_agent_list,
    [OP_AGENT_SHOW] = api_agent_show,
    [OP_AGENT_SUSPEND] = api_agent_suspend,
    [OP_AGENT_REVOKE] = api_agent_revoke,
    [OP_SUBMIT] = api_submit,
    [OP_INTENT_LIST] = api_intent_list,
    [OP_INTENT_SHOW] = api_intent_show,
    [OP_VERDICT] = api_verdict,
    [OP_INTENT_AUDIT] = api_intent_audit,
    [OP_DECIDE] = api_decide,
    [OP_CANCEL] = api_cancel,
    [OP_EXECUTE] = api_execute,
    [OP_EXECUTION_SHOW] = api_execution_show,
    [OP_REPORT] = api_report,
    [OP_WEBHOOK_REGISTER] = api_webhook,
    [OP_NONCE] = api_nonce,
    [OP_METRICS] = api_metrics,
    [OP_POLICY_LIST] = api_policies,
    [OP_DELIVER] = api_deliver,
    [OP_DOWNLOAD] = api_download,
    [OP_KEY_CREATE] = api_key_create,
    [OP_KEY_LIST] = api_key_list,
    [OP_KEY_REVOKE] = api_key_revoke,
    [OP_AUDIT_LIST] = api_audit_all,
    [OP_DELIVERY_LIST] = api_deliveries,
    [OP_LINK_SHOW] = api_link_show,
    [OP_LINK_DECIDE] = api_link_decide,
};
